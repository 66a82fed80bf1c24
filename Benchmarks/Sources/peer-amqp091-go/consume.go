package main

import (
	"fmt"
	"log"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func consumeAck(p *parameters, channel *amqp.Channel) []time.Duration {
	check(channel.Qos(p.window, 0, false), "basic.qos")
	consume(p, channel, true)
	depth(channel, p.barrier())
	return nil
}

func consumeAutoAck(p *parameters, channel *amqp.Channel) []time.Duration {
	consume(p, channel, false)
	return nil
}

func consume(p *parameters, channel *amqp.Channel, acks bool) {
	queue := p.queue
	if queue == "" {
		queue = fmt.Sprintf("pour:%d:%d", p.count, p.body)
	}
	deliveries, err := channel.Consume(queue, "", !acks, false, false, false, nil)
	check(err, "basic.consume")
	received := 0
	for delivery := range deliveries {
		if len(delivery.Body) != p.body {
			log.Fatalf("peer-amqp091-go: a delivery of %d octets, not %d", len(delivery.Body), p.body)
		}
		if acks {
			check(delivery.Ack(false), "basic.ack")
		}
		if received++; received == p.count {
			return
		}
	}
	log.Fatalf("peer-amqp091-go: %d deliveries, not %d", received, p.count)
}
