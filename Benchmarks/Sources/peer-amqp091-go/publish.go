package main

import (
	"bytes"
	"context"
	"log"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func (p *parameters) message() amqp.Publishing {
	return amqp.Publishing{DeliveryMode: amqp.Persistent, Body: bytes.Repeat([]byte{'x'}, p.body)}
}

func publish(p *parameters, channel *amqp.Channel) []time.Duration {
	ctx, exchange, key, message := context.Background(), p.exchange(), p.key(), p.message()
	for i := 0; i < p.count; i++ {
		check(channel.PublishWithContext(ctx, exchange, key, false, false, message), "basic.publish")
	}
	depth(channel, p.barrier())
	return nil
}

// One goroutine: it takes the confirms that have come in passing, and waits for one only when the window is full. A
// goroutine of its own for the confirms costs a switch or two for each message.
func publishConfirm(p *parameters, channel *amqp.Channel) []time.Duration {
	check(channel.Confirm(false), "confirm.select")
	// With room for the whole window the reader of the connection never waits for us.
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, p.window))
	ctx, exchange, key, message := context.Background(), p.exchange(), p.key(), p.message()
	outstanding := 0
	take := func() {
		if confirmation, open := <-confirms; !open || !confirmation.Ack {
			log.Fatal("peer-amqp091-go: a message was not confirmed")
		}
		outstanding--
	}
	for i := 0; i < p.count; i++ {
		for outstanding == p.window || len(confirms) > 0 {
			take()
		}
		check(channel.PublishWithContext(ctx, exchange, key, false, false, message), "basic.publish")
		outstanding++
	}
	for outstanding > 0 {
		take()
	}
	return nil
}

// Many goroutines on one channel, each of which waits for the confirm of its message before it publishes the next one.
//
// Not by deferred confirmations: version 1.5.0 notes a publish only after it was written, and whoever waits for one
// whose ack was faster waits for ever. NotifyPublish gives the confirms in the order of the publishes, so a queue of
// those who wait, filled in that order, is all it takes.
func publishTasks(p *parameters, channel *amqp.Channel) []time.Duration {
	check(channel.Confirm(false), "confirm.select")
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, p.tasks))
	ctx, exchange, key, message := context.Background(), p.exchange(), p.key(), p.message()
	var order sync.Mutex
	waiting := make(chan chan<- bool, p.tasks)
	go func() {
		for confirmation := range confirms {
			waiter := <-waiting
			waiter <- confirmation.Ack
		}
	}()

	var group sync.WaitGroup
	for task := 0; task < p.tasks; task++ {
		share := p.count / p.tasks
		if task < p.count%p.tasks {
			share++
		}
		group.Add(1)
		go func() {
			defer group.Done()
			confirmed := make(chan bool, 1)
			for i := 0; i < share; i++ {
				order.Lock()
				waiting <- confirmed
				err := channel.PublishWithContext(ctx, exchange, key, false, false, message)
				order.Unlock()
				check(err, "basic.publish")
				if !<-confirmed {
					log.Fatal("peer-amqp091-go: a message was not confirmed")
				}
			}
		}()
	}
	group.Wait()
	return nil
}

func publishAwait(p *parameters, channel *amqp.Channel) []time.Duration {
	check(channel.Confirm(false), "confirm.select")
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, 1))
	ctx, exchange, key, message := context.Background(), p.exchange(), p.key(), p.message()
	latencies := make([]time.Duration, 0, p.count)
	for i := 0; i < p.count; i++ {
		begin := time.Now()
		check(channel.PublishWithContext(ctx, exchange, key, false, false, message), "basic.publish")
		if confirmation, open := <-confirms; !open || !confirmation.Ack {
			log.Fatal("peer-amqp091-go: a message was not confirmed")
		}
		latencies = append(latencies, time.Since(begin))
	}
	return latencies
}
