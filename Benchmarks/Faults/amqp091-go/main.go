// The fault scenarios over rabbitmq/amqp091-go, which recovers nothing by itself: what the library reports is printed.
//
//	faults-amqp091-go version | SCENARIO URL QUEUE
//
// Words go to the standard output, a line each; a line on the standard input says that the fault has been made.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

var input = bufio.NewReader(os.Stdin)

func say(format string, words ...any) { fmt.Printf(format+"\n", words...) }

func awaitCue() {
	if _, err := input.ReadString('\n'); err != nil {
		log.Fatal("the standard input ended")
	}
}

func check(err error, what string) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

func milliseconds(since time.Time) int64 { return time.Since(since).Milliseconds() }

func open(url string, heartbeat time.Duration) (*amqp.Connection, *amqp.Channel) {
	connection, err := amqp.DialConfig(url, amqp.Config{Heartbeat: heartbeat})
	check(err, "dial")
	channel, err := connection.Channel()
	check(err, "channel")
	return connection, channel
}

func declare(channel *amqp.Channel, queue string, arguments amqp.Table) {
	_, err := channel.QueueDeclare(queue, true, false, false, false, arguments)
	check(err, "queue.declare")
}

func message(text string) amqp.Publishing {
	return amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(text)}
}

// Publishes one message and says how it ended, within 8 s.
func publishOne(channel *amqp.Channel, queue string, deadline time.Duration) {
	start := time.Now()
	ended := make(chan string, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		confirmation, err := channel.PublishWithDeferredConfirmWithContext(ctx, "", queue, true, false, message("x"))
		if err != nil {
			ended <- "error: " + err.Error()
			return
		}
		ended <- fmt.Sprintf("Wait() returned %v", confirmation.Wait())
	}()
	select {
	case how := <-ended:
		say("publish %d ms %s", milliseconds(start), how)
	case <-time.After(8 * time.Second):
		say("publish - not ended after 8 s")
	}
}

func lostConfirm(url, queue string) {
	_, channel := open(url, 10*time.Second)
	declare(channel, queue, nil)
	check(channel.Confirm(false), "confirm.select")
	say("ready")
	awaitCue()
	publishOne(channel, queue, 10*time.Second)
}

// Gives the next delivery.
func take(deliveries <-chan amqp.Delivery) amqp.Delivery {
	select {
	case delivery, isOpen := <-deliveries:
		if !isOpen {
			log.Fatal("the deliveries ended")
		}
		return delivery
	case <-time.After(20 * time.Second):
		log.Fatal("no delivery")
	}
	panic("unreachable")
}

func consume(channel *amqp.Channel, queue string) <-chan amqp.Delivery {
	check(channel.Qos(10, 0, false), "basic.qos")
	deliveries, err := channel.Consume(queue, "", false, false, false, false, nil)
	check(err, "basic.consume")
	return deliveries
}

func staleAck(url, queue string) {
	_, channel := open(url, 10*time.Second)
	declare(channel, queue, amqp.Table{"x-max-priority": int32(5)})
	deliveries := consume(channel, queue)
	publish := func(text string, priority uint8) amqp.Delivery {
		one := message(text)
		one.Priority = priority
		check(channel.PublishWithContext(context.Background(), "", queue, false, false, one), "basic.publish")
		return take(deliveries)
	}
	first := publish("A", 0)
	publish("B", 5)
	say("ready")
	awaitCue()
	// The program's own recovery: there is no other.
	_, next := open(url, 10*time.Second)
	again := consume(next, queue)
	say("redelivered %s %s", take(again).Body, take(again).Body)
	if err := first.Ack(false); err != nil {
		say("ack error: %v", err)
	} else {
		say("ack no error")
	}
	// The ack is on its way before the answer to this is.
	_, err := next.QueueInspect(queue)
	check(err, "queue.declare")
}

func kill(url, queue string) {
	connection, channel := open(url, 10*time.Second)
	declare(channel, queue, nil)
	check(channel.Confirm(false), "confirm.select")
	const count = 20_000
	window := make(chan bool, 200)
	var lock sync.Mutex
	var confirmed, nacked, failed []int
	var all sync.WaitGroup
	for i := 0; i < count; i++ {
		if i == 7_000 {
			say("ready")
		}
		window <- true
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		confirmation, err := channel.PublishWithDeferredConfirmWithContext(
			ctx, "", queue, true, false, message(strconv.Itoa(i)))
		if err != nil {
			cancel()
			<-window
			lock.Lock()
			failed = append(failed, i)
			lock.Unlock()
			continue
		}
		all.Add(1)
		go func(i int) {
			defer all.Done()
			defer cancel()
			acked := confirmation.Wait()
			<-window
			lock.Lock()
			defer lock.Unlock()
			if acked {
				confirmed = append(confirmed, i)
			} else {
				nacked = append(nacked, i)
			}
		}(i)
	}
	all.Wait()
	for i := 0; i < 100 && connection.IsClosed(); i++ {
		time.Sleep(100 * time.Millisecond)
	}
	if !connection.IsClosed() {
		log.Fatal("the connection is open again")
	}
	say("confirmed %s", numbers(confirmed))
	say("nacked %s", numbers(nacked))
	say("failed %s", numbers(failed))
}

func numbers(all []int) string {
	sort.Ints(all)
	words := make([]string, len(all))
	for i, number := range all {
		words[i] = strconv.Itoa(number)
	}
	return strings.Join(words, ",")
}

func drain(url, queue string) {
	connection, channel := open(url, 10*time.Second)
	var found []int
	for {
		delivery, ok, err := channel.Get(queue, true)
		check(err, "basic.get")
		if !ok {
			break
		}
		number, err := strconv.Atoi(string(delivery.Body))
		check(err, "the body")
		found = append(found, number)
	}
	say("found %s", numbers(found))
	check(connection.Close(), "close")
}

func alarm(url, queue string) {
	connection, channel := open(url, 10*time.Second)
	declare(channel, queue, nil)
	check(channel.Confirm(false), "confirm.select")
	say("ready")
	awaitCue()
	publishOne(channel, queue, 5*time.Second)
	say("closing")
	start := time.Now()
	err := connection.Close()
	say("close %d ms %v", milliseconds(start), err)
}

func halfOpen(url, queue string) {
	connection, _ := open(url, 2*time.Second)
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	say("ready")
	err := <-closed
	say("noticed %d %v", time.Now().UnixMilli(), err)
}

func deletedQueue(url, queue string) {
	_, channel := open(url, 10*time.Second)
	declare(channel, queue, nil)
	cancelled := channel.NotifyCancel(make(chan string, 1))
	deliveries := consume(channel, queue)
	say("ready")
	var heard []string
	timeout := time.After(15 * time.Second)
	for len(heard) < 2 {
		select {
		case <-cancelled:
			heard = append(heard, "NotifyCancel")
			cancelled = nil
		case _, isOpen := <-deliveries:
			if !isOpen {
				heard = append(heard, "the deliveries end")
				deliveries = nil
			}
		case <-timeout:
			say("heard %s", strings.Join(append(heard, "nothing more for 15 s"), ", "))
			return
		}
	}
	say("heard %s", strings.Join(heard, ", "))
}

func main() {
	scenarios := map[string]func(string, string){
		"lost-confirm": lostConfirm, "stale-ack": staleAck, "kill": kill, "drain": drain, "alarm": alarm,
		"half-open": halfOpen, "deleted-queue": deletedQueue,
	}
	if len(os.Args) == 4 {
		if scenario := scenarios[os.Args[1]]; scenario != nil {
			scenario(os.Args[2], os.Args[3])
			return
		}
	}
	log.Fatal(errors.New("usage: faults-amqp091-go SCENARIO URL QUEUE"))
}
