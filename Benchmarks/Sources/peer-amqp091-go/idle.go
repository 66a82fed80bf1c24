package main

import (
	"os"
	"strconv"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// A number of /proc/self/status.
func status(field string) int {
	text, err := os.ReadFile("/proc/self/status")
	check(err, "status")
	for _, line := range strings.Split(string(text), "\n") {
		if words := strings.Fields(line); len(words) > 1 && words[0] == field+":" {
			number, _ := strconv.Atoi(words[1])
			return number
		}
	}
	return 0
}

// Connections that do nothing, and what the process holds then.
func idle(p *parameters, result *figures) {
	var connections []*amqp.Connection
	open := func() {
		connection, err := amqp.Dial(p.url)
		check(err, "connect")
		connections = append(connections, connection)
	}
	open()
	withOne := status("VmRSS")
	for len(connections) < p.connections {
		open()
	}
	time.Sleep(300 * time.Millisecond)
	more := len(connections) - 1
	if more == 0 {
		more = 1
	}
	result.Messages = 0
	result.Connections = len(connections)
	result.PeakKiB = status("VmHWM")
	result.KiBEach = float64(status("VmRSS")-withOne) / float64(more)
	result.Threads = status("Threads")
	for _, connection := range connections {
		check(connection.Close(), "connection.close")
	}
}
