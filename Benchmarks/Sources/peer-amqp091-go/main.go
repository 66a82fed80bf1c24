// The works over rabbitmq/amqp091-go, with the command line and the line of figures of the other programs.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"sort"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

type parameters struct {
	count, body, window, tasks, connections int
	queue                                   string
	url                                     string
}

// Where a work publishes to, and which queue it asks for as a barrier behind everything sent.
func (p *parameters) exchange() string {
	if p.queue != "" {
		return ""
	}
	return "bench"
}

func (p *parameters) key() string {
	if p.queue != "" {
		return p.queue
	}
	return "bench.key"
}

func (p *parameters) barrier() string {
	if p.queue != "" {
		return p.queue
	}
	return "sink:stats"
}

type figures struct {
	Peer        string  `json:"peer"`
	Work        string  `json:"work"`
	Messages    int     `json:"messages"`
	BodyBytes   int     `json:"body_bytes"`
	Seconds     float64 `json:"seconds,omitempty"`
	Rate        float64 `json:"rate,omitempty"`
	CPUSeconds  float64 `json:"cpu_seconds,omitempty"`
	LatencyP50  float64 `json:"latency_p50_us,omitempty"`
	LatencyP99  float64 `json:"latency_p99_us,omitempty"`
	Allocations uint64  `json:"allocations,omitempty"`
	Connections int     `json:"connections,omitempty"`
	PeakKiB     int     `json:"peak_kib,omitempty"`
	KiBEach     float64 `json:"kib_each,omitempty"`
	Threads     int     `json:"threads,omitempty"`
}

var works = map[string]struct {
	perform   func(*parameters, *amqp.Channel) []time.Duration
	publishes bool
	window    int
}{
	"publish":         {publish, true, 0},
	"publish-confirm": {publishConfirm, true, 1000},
	"publish-tasks":   {publishTasks, true, 0},
	"publish-await":   {publishAwait, true, 0},
	"consume-ack":     {consumeAck, false, 256},
	"consume-autoack": {consumeAutoAck, false, 0},
}

func check(err error, what string) {
	if err != nil {
		log.Fatalf("peer-amqp091-go: %s: %v", what, err)
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage), "getrusage")
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func allocations() uint64 {
	var statistics runtime.MemStats
	runtime.ReadMemStats(&statistics)
	return statistics.Mallocs
}

// Everything sent before has arrived when the answer is there.
func depth(channel *amqp.Channel, queue string) int {
	status, err := channel.QueueInspect(queue)
	check(err, "queue.declare, passive")
	return status.Messages
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: peer-amqp091-go WORK [OPTIONS], see -h")
	}
	name := os.Args[1]
	var p parameters
	options := flag.NewFlagSet(name, flag.ExitOnError)
	port := options.Int("port", 0, "of a sink on 127.0.0.1; without it, the broker of AMQP_URL")
	options.IntVar(&p.count, "count", 100000, "messages")
	options.IntVar(&p.body, "body", 16, "octets of each body")
	options.IntVar(&p.window, "window", 0, "most unconfirmed publishes (1000), or the prefetch (256)")
	options.IntVar(&p.tasks, "tasks", 256, "goroutines that publish at the same time")
	options.IntVar(&p.connections, "connections", 1, "how many to open (idle only)")
	options.StringVar(&p.queue, "queue", "", "published to and consumed from, on a broker")
	check(options.Parse(os.Args[2:]), "options")
	p.url = os.Getenv("AMQP_URL")
	if *port != 0 {
		p.url = fmt.Sprintf("amqp://guest:guest@127.0.0.1:%d/%%2F", *port)
	}

	result := figures{Peer: "amqp091-go", Work: name, Messages: p.count, BodyBytes: p.body}
	if name == "idle" {
		idle(&p, &result)
	} else {
		measure(&p, &result)
	}
	line, err := json.Marshal(result)
	check(err, "json")
	fmt.Println(string(line))
}

func measure(p *parameters, result *figures) {
	work, known := works[result.Work]
	if !known {
		log.Fatalf("peer-amqp091-go: no work is called %s", result.Work)
	}
	if p.window == 0 {
		p.window = work.window
	}
	connection, err := amqp.Dial(p.url)
	check(err, "connect")
	channel, err := connection.Channel()
	check(err, "channel.open")
	before := depth(channel, p.barrier())

	allocated, cpu, start := allocations(), cpuSeconds(), time.Now()
	latencies := work.perform(p, channel)
	took := time.Since(start)
	result.CPUSeconds = cpuSeconds() - cpu
	result.Allocations = allocations() - allocated
	result.Seconds = took.Seconds()
	result.Rate = float64(p.count) / took.Seconds()
	if len(latencies) > 0 {
		sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
		result.LatencyP50 = microseconds(latencies[len(latencies)/2])
		result.LatencyP99 = microseconds(latencies[len(latencies)-1-len(latencies)/100])
	}
	if work.publishes && p.queue == "" {
		if seen := uint32(depth(channel, p.barrier()) - before); seen != uint32(p.count) {
			log.Fatalf("peer-amqp091-go: the sink saw %d publishes, not %d (or has other clients)", seen, p.count)
		}
	}
	check(connection.Close(), "connection.close")
}
