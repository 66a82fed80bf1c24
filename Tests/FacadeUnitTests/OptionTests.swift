import CSwiftAMQP
import SwiftAMQP
import Testing

@testable import SwiftAMQPFacade

/// Options that are freed with the scope.
private func withOptions<Value>(_ body: (OpaquePointer, OptionsObject) throws -> Value) throws -> Value {
    let options = try #require(samqp_options_new())
    defer { samqp_options_free(options) }
    return try body(options, try #require(Handle.get(options, as: OptionsObject.self)))
}

private func fails<Value>(_ body: () throws(Failure) -> Value) -> String {
    do throws(Failure) {
        _ = try body()
        return "it worked"
    } catch {
        return error.error.text
    }
}

@Suite("Options of C")
struct OptionTests {
    @Test("the defaults are those of the Swift API")
    func defaults() throws {
        try withOptions { options, object in
            expectOK { samqp_options_add_endpoint(options, "amqp://u:p@mq-1/v", $0) }
            let endpoint = try AMQPConfiguration(url: "amqp://u:p@mq-1/v")
            let (configuration, topology) = try OptionsObject.clientConfiguration(object)
            #expect(configuration == AMQPClientConfiguration(endpoint))
            #expect(topology.isEmpty)
        }
        for object in [nil, OptionsObject()] {
            let publisher = try OptionsObject.publisherSettings(object)
            #expect(publisher.window == nil && publisher.timeout == nil && publisher.isMandatory)
            #expect(publisher.policy == .atLeastOnce)
            let made = try OptionsObject.consumerConfiguration(object, queue: "q")
            #expect(String(reflecting: made) == String(reflecting: AMQPConsumerConfiguration(queue: "q")))
            #expect(fails { () throws(Failure) in try OptionsObject.clientConfiguration(object) }.contains("add one"))
        }
        // What is shown as a default is one: setting it changes nothing.
        for key in OptionKey.all where !key.isTable && !key.fallback.isEmpty {
            var settings = OptionSettings()
            settings.client.endpoints = [AMQPConfiguration()]
            let before = String(reflecting: settings)
            try key.change(.text(key.fallback))(&settings)
            #expect(String(reflecting: settings) == before, "\(key.name)")
        }
    }

    @Test("each key takes what is in its range, and nothing else", arguments: OptionSamples.all)
    func values(_ sample: OptionSamples.Sample) throws {
        try withOptions { options, object in
            expectOK { samqp_options_add_endpoint(options, "amqp://host", $0) }
            let key = try #require(OptionKey.byName[sample.key])
            for (given, expected) in sample.good {
                expectOK { samqp_options_set(options, sample.key, given, $0) }
                #expect(key.read(OptionsObject.settings(object)) == expected, "\(sample.key) = \(given)")
                guard let number = Int64(given), !sample.isText else { continue }
                expectOK { samqp_options_set_int(options, sample.key, number, $0) }
                #expect(key.read(OptionsObject.settings(object)) == expected, "\(sample.key) = \(number)")
            }
            let last = key.read(OptionsObject.settings(object))
            for given in sample.bad
                + (sample.isText ? [] : ["", " ", "x", "1x", "9223372036854775808", "nan", "0x10000000000"])
            {
                let said = call { samqp_options_set(options, sample.key, given, $0) }
                #expect(said.status == SAMQP_ERR_INVALID_ARGUMENT, "\(sample.key) = \(given)")
                #expect(said.message.contains("'\(sample.key)'") && said.message.contains(key.range))
                #expect(key.read(OptionsObject.settings(object)) == last, "\(sample.key) = \(given)")
            }
            for number in [Int64.min, .max] where !sample.good.contains(where: { $0.0 == "\(number)" }) {
                #expect(
                    call { samqp_options_set_int(options, sample.key, number, $0) }.status == SAMQP_ERR_INVALID_ARGUMENT
                )
            }
            try withTable { table in
                let said = call { samqp_options_set_table(options, sample.key, table, $0) }
                #expect(said.status == SAMQP_ERR_INVALID_ARGUMENT)
            }
        }
    }

    @Test("there are samples of every key that is no table")
    func complete() {
        #expect(Set(OptionSamples.all.map(\.key)) == Set(OptionKey.all.filter { !$0.isTable }.map(\.name)))
        #expect(OptionKey.byName.count == OptionKey.all.count)
    }

    @Test("keys of connections apply to every endpoint, whatever its URI says")
    func connections() throws {
        try withOptions { options, object in
            expectOK { samqp_options_set_int(options, "connection.heartbeat_ms", 7000, $0) }
            expectOK { samqp_options_add_endpoint(options, "amqp://a:b@one?heartbeat=30", $0) }
            expectOK { samqp_options_add_endpoint(options, "amqp://two/v", $0) }
            expectOK { samqp_options_set(options, "connection.password", "secret", $0) }
            expectOK { samqp_options_set(options, "connection.name", "me", $0) }
            try withTable { table in
                #expect(samqp_table_set_string(table, "team", "red") == SAMQP_OK)
                expectOK { samqp_options_set_table(options, "connection.properties", table, $0) }
            }
            var one = try AMQPConfiguration(url: "amqp://a:secret@one")
            one.heartbeat = .seconds(7)
            one.connectionName = "me"
            one.clientProperties = ["team": "red"]
            var two = one
            two.host = "two"
            two.virtualHost = "v"
            two.credentials = .plain(username: "guest", password: "secret")
            let copy = samqp_options_copy(options)
            defer { samqp_options_free(copy) }
            expectOK { samqp_options_set(options, "connection.name", "none", $0) }
            let copied = try #require(Handle.get(copy, as: OptionsObject.self))
            #expect(try OptionsObject.clientConfiguration(copied).0.endpoints == [one, two])
            #expect(try OptionsObject.clientConfiguration(object).0.endpoints.map(\.connectionName) == [nil, nil])
        }
    }

    @Test("consumers get their policies, breakers and deadlines")
    func consumers() throws {
        try withOptions { options, object in
            let values = [
                ("consumer.auto_ack", "true"), ("consumer.auto_ack_max_messages", "10"), ("failures.policy", "retry"),
                ("failures.delays_ms", "5, 10"), ("failures.limit", "7"), ("failures.park_queue", "lost"),
                ("failures.queue_kind", "classic"), ("breaker.enabled", "1"), ("breaker.window", "5"),
                ("breaker.min_results", "5"), ("handler.deadline_ms", "9"),
            ]
            for (key, value) in values { expectOK { samqp_options_set(options, key, value, $0) } }
            try withTable { table in
                #expect(samqp_table_set_int(table, "x-priority", 5, SAMQP_KIND_INT32) == SAMQP_OK)
                expectOK { samqp_options_set_table(options, "consumer.arguments", table, $0) }
            }
            let made = try OptionsObject.consumerConfiguration(object, queue: "q")
            #expect(made.acknowledgement == .automatic(bufferLimit: .init(maximumMessages: 10)))
            #expect(made.arguments == ["x-priority": .int32(5)])
            #expect(
                made.failures
                    == .retry(
                        AMQPRetryQueues(
                            delays: [.milliseconds(5), .milliseconds(10)], limit: 7, then: .park(queue: "lost"),
                            kind: .classic)))
            #expect(made.circuitBreaker == AMQPCircuitBreaker(window: 5, minimumResults: 5))
            #expect(made.deadlines.handlerDeadline == .milliseconds(9))
            expectOK { samqp_options_set(options, "failures.then", "reject", $0) }
            expectOK { samqp_options_set(options, "failures.park_queue", "none", $0) }
            expectOK { samqp_options_set(options, "failures.policy", "requeue", $0) }
            #expect(
                try OptionsObject.consumerConfiguration(object, queue: "q").failures
                    == .requeue(limit: 7, then: .reject))
            expectOK { samqp_options_set(options, "failures.policy", "reject", $0) }
            #expect(try OptionsObject.consumerConfiguration(object, queue: "q").failures == .reject)
        }
    }

    @Test("what does not fit together is refused when it is used, by the names of the keys")
    func together() throws {
        let cases: [([(String, String)], [String])] = [
            ([("client.recovery_initial_ms", "5000")], ["client.recovery_max_ms", "2000", "5000"]),
            ([("client.nack_max_ms", "1")], ["client.nack_max_ms", "client.nack_initial_ms"]),
        ]
        for (values, expected) in cases {
            try withOptions { options, object in
                expectOK { samqp_options_add_endpoint(options, "amqp://host", $0) }
                for (key, value) in values { expectOK { samqp_options_set(options, key, value, $0) } }
                let said = fails { () throws(Failure) in try OptionsObject.clientConfiguration(object) }
                for part in expected { #expect(said.contains(part), "\(said)") }
            }
        }
        let consumers: [([(String, String)], [String])] = [
            ([("consumer.backoff_max_ms", "1")], ["consumer.backoff_max_ms", "consumer.backoff_initial_ms"]),
            ([("failures.max_ms", "1")], ["failures.max_ms", "failures.initial_ms"]),
            ([("breaker.window", "5")], ["breaker.min_results", "breaker.window"]),
            ([("breaker.trial_results", "21")], ["breaker.trial_results", "breaker.window"]),
            ([("breaker.pause_max_ms", "1")], ["breaker.pause_max_ms", "breaker.pause_initial_ms"]),
            ([("failures.limit", "20")], ["failures.limit", "1 to 19"]),
            ([("failures.policy", "retry"), ("failures.limit", "none")], ["failures.limit", "1 to 1000"]),
            ([("failures.park_queue", "lost")], ["failures.park_queue", "failures.then"]),
            ([("failures.then", "park"), ("failures.park_queue", "q")], ["the parking queue 'q'"]),
        ]
        for (values, expected) in consumers {
            try withOptions { options, object in
                for (key, value) in values { expectOK { samqp_options_set(options, key, value, $0) } }
                let said = fails { () throws(Failure) in try OptionsObject.consumerConfiguration(object, queue: "q") }
                for part in expected { #expect(said.contains(part), "\(said)") }
            }
        }
    }

    @Test("no error shows what may be a password")
    func secrets() throws {
        try withOptions { options, object in
            expectOK { samqp_options_set(options, "connection.password", "hush", $0) }
            let said = [
                call { samqp_options_set(options, "connection.pasword", "hush", $0) },
                call { samqp_options_set_int(options, "connection.password", 12_345, $0) },
                call { samqp_options_set(options, "connection.name", "hush" + longText, $0) },
                call { samqp_options_add_endpoint(options, "amqp://u:hush@host:0", $0) },
                call { samqp_options_add_endpoint(options, "amqp://u:hush@x@host", $0) },
            ]
            for said in said {
                #expect(said.status == SAMQP_ERR_INVALID_ARGUMENT)
                #expect(!said.message.contains("hush") && !said.message.contains("12345"), "\(said.message)")
            }
            #expect(said[0].message.contains("'connection.password'"), "the closest key: \(said[0].message)")
            expectOK { samqp_options_add_endpoint(options, "amqp://u:x@host", $0) }
            expectOK { samqp_options_set(options, "connection.password", "hush\u{1}", $0) }
            expectOK { samqp_options_set(options, "connection.username", longText, $0) }
            let (configuration, _) = try OptionsObject.clientConfiguration(object)
            #expect(configuration.endpoints.first?.credentials == .plain(username: longText, password: "hush\u{1}"))
            #expect(!"\(String(reflecting: configuration))".contains("hush"))
            #expect(OptionKey.byName["connection.password"]?.read(OptionsObject.settings(object)) == "***")
            #expect(call { samqp_options_add_endpoint(options, "amqps://host", $0) }.status == SAMQP_ERR_UNSUPPORTED)
        }
    }

    @Test("an unknown key is refused, and the closest one is named")
    func unknownKeys() throws {
        try withOptions { options, _ in
            let cases = [
                ("client.max_mesages", "client.max_messages"), ("prefetch", "consumer.prefetch"),
                ("Publisher.Window", "publisher.window"), ("failure.delay_ms", "failures.delays_ms"),
            ]
            for (key, closest) in cases {
                let said = call { samqp_options_set(options, key, "1", $0) }
                #expect(said.status == SAMQP_ERR_INVALID_ARGUMENT)
                #expect(said.message.contains("'\(key)'") && said.message.contains("'\(closest)'"), "\(said.message)")
            }
            let said = call { samqp_options_set(options, String(repeating: "key\n", count: 50_000), "1", $0) }
            #expect(said.status == SAMQP_ERR_INVALID_ARGUMENT && said.message.utf8.count < 300)
            #expect(!said.message.contains("\n"))
        }
    }

    @Test("the list of keys has an end, and each has its line of help")
    func list() {
        var index = 0
        while let key = samqp_options_key(index) {
            let line = text(samqp_options_help(key)) ?? ""
            #expect(line.contains("(") && !line.contains("\n"), "\(line)")
            index += 1
        }
        #expect(index == OptionKey.all.count && index > 60)
        for index in [index, -1, .max, .min] { #expect(samqp_options_key(index) == nil) }
        #expect(samqp_options_help(nil) == nil && samqp_options_help("x") == nil && samqp_options_help(badText) == nil)
    }

    @Test("NULL and what is no text is refused everywhere")
    func null() throws {
        samqp_options_free(nil)
        #expect(samqp_options_copy(nil) == nil)
        #expect(samqp_options_set_topology(nil, nil) == SAMQP_ERR_INVALID_ARGUMENT)
        try withOptions { options, _ in
            let said = [
                call { samqp_options_set(nil, "client.max_bytes", "2000", $0) },
                call { samqp_options_set(options, nil, "2000", $0) },
                call { samqp_options_set(options, badText, "2000", $0) },
                call { samqp_options_set(options, "client.max_bytes", nil, $0) },
                call { samqp_options_set(options, "connection.name", badText, $0) },
                call { samqp_options_set_int(nil, "client.max_bytes", 2000, $0) },
                call { samqp_options_set_int(options, nil, 2000, $0) },
                call { samqp_options_set_int(options, "consumer.arguments", 1, $0) },
                call { samqp_options_set(options, "consumer.arguments", "x", $0) },
                call { samqp_options_set_table(nil, "consumer.arguments", nil, $0) },
                call { samqp_options_set_table(options, "consumer.arguments", nil, $0) },
                call { samqp_options_set_table(options, nil, nil, $0) },
                call { samqp_options_add_endpoint(nil, "amqp://host", $0) },
                call { samqp_options_add_endpoint(options, nil, $0) },
                call { samqp_options_add_endpoint(options, badText, $0) },
            ]
            for said in said {
                #expect(said.status == SAMQP_ERR_INVALID_ARGUMENT && said.code == said.status && !said.message.isEmpty)
            }
            try withTable { table in
                #expect(samqp_table_set_bool(table, "team", 1) == SAMQP_OK)
                let said = call { samqp_options_set_table(options, "connection.properties", table, $0) }
                #expect(said.message.contains("of strings"), "\(said.message)")
            }
            // Nobody wants the error.
            #expect(samqp_options_set(options, "x", "y", nil) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_options_set(options, "client.max_bytes", "2000", nil) == SAMQP_OK)
        }
    }
}
