// epoll QUEUE COUNT: one thread, one epoll loop. A timer publishes a message every 10 ms, COUNT of them, and each one comes back
// through a consumer. What the client has to tell is one more descriptor in the loop.
//
// Exit status 0: every message was confirmed, and has come.
#include "example.hpp"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <system_error>
#include <unistd.h>

namespace {

[[noreturn]] void fail(const char *what) { throw std::system_error(errno, std::generic_category(), what); }

class descriptor {
public:
    descriptor(int number, const char *what) : number_(number)
    {
        if (number < 0) fail(what);
    }
    descriptor(const descriptor &) = delete;
    descriptor &operator=(const descriptor &) = delete;
    ~descriptor() { close(number_); }
    int get() const { return number_; }

private:
    int number_;
};

class program {
public:
    explicit program(const arguments &arguments)
        : arguments_(arguments), client_(samqp::client::open(options_from_environment(), samqp::usual_timeout, events_)),
          publisher_(client_.open_publisher({}, events_)), consumer_(consume())
    {
    }

    void run()
    {
        watch(events_.fd());
        watch(timer_.get());
        const itimerspec every{{0, 10'000'000}, {0, 10'000'000}};
        if (timerfd_settime(timer_.get(), 0, &every, nullptr) != 0) fail("timerfd_settime");
        while (confirmed_ < arguments_.count || handled_ < arguments_.count) turn();
        client_.drain();
        std::cout << "published " << published_ << ", confirmed " << confirmed_ << ", handled " << handled_ << '\n';
    }

private:
    samqp::consumer consume()
    {
        client_.declare_queue(arguments_.queue);
        return client_.consume(arguments_.queue, {}, samqp::usual_timeout, events_);
    }

    void watch(int number)
    {
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.fd = number;
        if (epoll_ctl(loop_.get(), EPOLL_CTL_ADD, number, &interest) != 0) fail("epoll_ctl");
    }

    void turn()
    {
        std::array<epoll_event, 8> ready;
        const int number = epoll_wait(loop_.get(), ready.data(), static_cast<int>(ready.size()), -1);
        if (number < 0 && errno != EINTR) fail("epoll_wait");
        for (int index = 0; index < number; index++) {
            if (ready[static_cast<std::size_t>(index)].data.fd == timer_.get()) {
                on_timer();
            } else {
                // The descriptor stays readable while there are events.
                for (samqp::event &event : events_.poll_batch(samqp::no_wait, 64)) on_event(event);
            }
        }
    }

    void on_timer()
    {
        std::uint64_t ticks = 0;
        if (read(timer_.get(), &ticks, sizeof ticks) < 0) {
            if (errno == EAGAIN || errno == EINTR) return;
            fail("timer");
        }
        if (published_ == arguments_.count) return;
        // Where there is no room, the next tick tries again.
        if (publisher_.try_publish("", arguments_.queue, "tick " + std::to_string(published_))) published_++;
    }

    void on_event(samqp::event &event)
    {
        switch (event.type()) {
        case samqp::event_type::confirm:
            event.throw_if_failed();
            confirmed_++;
            break;
        case samqp::event_type::delivery:
            // One that is stale comes again.
            if (const auto delivery = event.take_delivery(); delivery && delivery->try_ack()) handled_++;
            break;
        case samqp::event_type::state:
            std::cerr << samqp::state_name(static_cast<samqp::state>(event.number())) << ' ' << event.text() << '\n';
            if (const auto error = event.error()) throw *error;
            break;
        default: break;
        }
    }

    const arguments arguments_;
    descriptor loop_{epoll_create1(EPOLL_CLOEXEC), "epoll_create1"};
    descriptor timer_{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create"};
    samqp::events events_;
    samqp::client client_;
    samqp::publisher publisher_;
    samqp::consumer consumer_;
    unsigned long published_ = 0, confirmed_ = 0, handled_ = 0;
};

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [](const arguments &arguments) {
        program(arguments).run();
        return 0;
    });
}
