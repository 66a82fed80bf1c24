@main struct SAMQP { static func main() {} }
