// The value types of the wire (tables, properties, delivery modes) are part of this library's vocabulary: a program
// imports SwiftAMQP and nothing else.
@_exported public import AMQPWire
