// worker QUEUE COUNT: handles messages, four at a time, until it has handled COUNT of them (0: for ever), or is told to end by
// SIGTERM or SIGINT.
//
// Exit status 0: everything that it handled is acknowledged; the rest is in the queue.
#include "example.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <system_error>
#include <unistd.h>

namespace {

// Handlers and signals write a byte; the main thread waits for it.
class self_pipe {
public:
    self_pipe()
    {
        if (pipe(ends_) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    }
    self_pipe(const self_pipe &) = delete;
    self_pipe &operator=(const self_pipe &) = delete;
    ~self_pipe()
    {
        close(ends_[0]);
        close(ends_[1]);
    }
    // A signal handler may call it.
    void write_byte() const noexcept
    {
        const int before = errno;
        while (write(ends_[1], "", 1) < 0 && errno == EINTR) continue;
        errno = before;
    }
    void wait() const
    {
        char byte;
        while (read(ends_[0], &byte, 1) < 0) {
            if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "read");
        }
    }

private:
    int ends_[2];
};

self_pipe &end_wanted()
{
    static self_pipe only;
    return only;
}

void on_signal(int) { end_wanted().write_byte(); }

void end_on(int signal)
{
    struct sigaction action {};
    action.sa_handler = on_signal;
    if (sigaction(signal, &action, nullptr) != 0) throw std::system_error(errno, std::generic_category(), "sigaction");
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [](const arguments &arguments) {
        end_wanted();
        end_on(SIGTERM);
        end_on(SIGINT);
        samqp::client client = samqp::client::open(options_from_environment());
        client.declare_queue(arguments.queue);

        std::atomic<unsigned long> handled{0};
        std::mutex output;
        samqp::options options;
        options.set("consumer.prefetch", 100).set("consumer.max_concurrency", 4);
        // What the handler throws is reported, and the message comes again; how soon and how often, "failures.*" say.
        const samqp::consumer consumer = client.consume(arguments.queue, options, [&](samqp::delivery_ref delivery) {
            {
                const std::lock_guard<std::mutex> guard(output);
                std::cout << delivery.body().text() << std::endl;
            }
            if (++handled == arguments.count) end_wanted().write_byte();
            return samqp::settle::ack;
        });

        end_wanted().wait();
        // Takes nothing more, lets handlers come to their end and their acks arrive, and gives everything else back.
        const samqp::drain_report report = client.drain(std::chrono::seconds(10));
        std::cerr << "handled " << handled << "; given back " << report.requeued << ", handlers that still run "
                  << report.unfinished_handlers << '\n';
        return report.timed_out == 0 ? 0 : 1;
    });
}
