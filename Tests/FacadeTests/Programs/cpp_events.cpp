// Runs: broker asan. swiftamqp.hpp: the event queue, polled, watched, notified about and dispatched.
#include "check.hpp"

#include <poll.h>

#include <atomic>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;

static bool is_readable(const samqp::events &events)
{
    pollfd watched{events.fd(), POLLIN, 0};
    return poll(&watched, 1, 0) == 1;
}

static void check_polling()
{
    CHECK_THROWS(samqp::events(std::size_t{1} << 40), SAMQP_ERR_INVALID_ARGUMENT);
    samqp::events events(16);
    CHECK(events.size() == 0 && !is_readable(events));
    CHECK(!events.poll(samqp::no_wait) && !events.poll(1ms) && events.poll_batch(1ms, 8).empty());
    events.wakeup();
    CHECK(is_readable(events));
    CHECK(!events.poll(samqp::forever) && !is_readable(events));
    std::thread waker([&] { events.wakeup(); });
    CHECK(events.poll_batch(samqp::forever, 8).empty());
    waker.join();
    CHECK_THROWS(events.poll_batch(1ms, 0), SAMQP_ERR_INVALID_ARGUMENT);

    samqp::events moved = std::move(events);
    CHECK(!moved.poll(samqp::no_wait));
    events = samqp::events();
    CHECK(!events.poll(samqp::no_wait));
}

// What a client that cannot connect has to tell.
static samqp::client hopeless_client(const samqp::events &events, void *user)
{
    return samqp::client::start(
        samqp::options("amqp://127.0.0.1:1/").set("client.first_connect_ms", 1), {events, user});
}

static void check_states()
{
    samqp::events events;
    int user = 0;
    const samqp::client client = hopeless_client(events, &user);
    std::optional<samqp::error> why;
    while (!why) {
        std::optional<samqp::event> event = events.poll(1min);
        CHECK(event);
        CHECK(event->user() == &user && event->tag() == 0 && !event->take_delivery());
        if (event->type() != samqp::event_type::state) continue;
        if (static_cast<samqp::state>(event->number()) == samqp::state::closed) {
            why = event->error();
            CHECK(why && event->status() == why->code() && !event->text().empty());
        }
    }
    CHECK(why->code() == SAMQP_ERR_CONNECT || why->code() == SAMQP_ERR_TIMEOUT);
    CHECK(!why->endpoint().empty());
    CHECK(client.state() == samqp::state::closed);
}

static void check_notify()
{
    counter notified;
    samqp::events events;
    events.on_notify([&] { notified.add(); });
    {
        const samqp::client client = hopeless_client(events, nullptr);
        notified.wait_for(1);
    }
    // It runs on the thread that notifies; what it throws stays there, and is told.
    counter reported;
    samqp::on_callback_exception([&](const char *where, std::exception_ptr thrown) {
        CHECK_TEXT(where, "a function for notifications");
        try {
            std::rethrow_exception(thrown);
        } catch (const std::runtime_error &error) {
            CHECK_TEXT(error.what(), "thrown by a notification");
        }
        reported.add();
    });
    events.on_notify([] { throw std::runtime_error("thrown by a notification"); });
    reported.wait_for(1);
    events.on_notify({});
    samqp::on_callback_exception({});
}

static void check_dispatch(samqp::client &client, const std::string &queue)
{
    samqp::events events;
    samqp::publisher publisher = client.open_publisher({}, events);
    counter confirmed, deadlocks, reported;
    samqp::on_callback_exception([&](const char *where, std::exception_ptr) {
        CHECK_TEXT(where, "a function for events");
        reported.add();
    });
    CHECK_THROWS(events.dispatch({}), SAMQP_ERR_INVALID_ARGUMENT);
    events.dispatch([&](samqp::event event) {
        if (event.type() != samqp::event_type::confirm) return;
        event.throw_if_failed();
        // What would wait for its own caller is refused; what does not wait works.
        try {
            publisher.flush();
        } catch (const samqp::error &error) {
            if (error.code() == SAMQP_ERR_WOULD_DEADLOCK) deadlocks.add();
        }
        if (confirmed.count() == 0) CHECK(publisher.try_publish("", queue, "from the callback"));
        confirmed.add();
    });
    CHECK_THROWS(events.dispatch([](const samqp::event &) {}), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK_THROWS(events.poll(samqp::no_wait), SAMQP_ERR_CLOSED);
    CHECK(publisher.try_publish("", queue, "first"));
    confirmed.wait_for(2);
    deadlocks.wait_for(2);
    // One that no queue gets: throw_if_failed leaves the function, and nothing else.
    CHECK(publisher.try_publish("", "no such queue", "nobody"));
    reported.wait_for(1);
    CHECK(publisher.try_publish("", queue, "goes on"));
    confirmed.wait_for(3);
    events.stop();
    CHECK(!events.poll(samqp::no_wait));
    CHECK_THROWS(publisher.flush(), SAMQP_ERR_RETURNED);
    samqp::on_callback_exception({});

    // Stopped by itself: no call follows, what is left stays in the queue, and it can be dispatched again.
    counter calls;
    for (int number = 0; number < 10; number++) CHECK(publisher.try_publish("", queue, "more"));
    publisher.flush();
    events.dispatch([&](const samqp::event &) {
        events.stop();
        calls.add();
    });
    calls.wait_for(1);
    int left = 0;
    while (events.poll(1s)) {
        if (++left == 9) break;
    }
    CHECK(left == 9 && calls.count() == 1);
}

static void check_ends_while_dispatched(samqp::client &client, const std::string &queue)
{
    // The destructor waits for a call that runs: what the function uses is there until it returns.
    std::atomic<bool> is_running{false}, has_ended{false};
    counter began;
    {
        samqp::events events;
        samqp::publisher publisher = client.open_publisher({}, events);
        events.dispatch([&](const samqp::event &) {
            is_running = true;
            began.add();
            std::this_thread::sleep_for(50ms);
            has_ended = true;
        });
        CHECK(publisher.try_publish("", queue, "body"));
        began.wait_for(1);
    }
    CHECK(is_running && has_ended);

    // Also for one that has told it to stop, and runs on.
    has_ended = false;
    counter stopped;
    {
        samqp::events events;
        samqp::publisher publisher = client.open_publisher({}, events);
        events.dispatch([&](const samqp::event &) {
            events.stop();
            stopped.add();
            std::this_thread::sleep_for(50ms);
            has_ended = true;
        });
        CHECK(publisher.try_publish("", queue, "body"));
        stopped.wait_for(1);
    }
    CHECK(has_ended);

    // Destroyed by the function itself: that waits for nobody.
    counter destroyed;
    auto *events = new samqp::events;
    samqp::publisher publisher = client.open_publisher({}, *events);
    events->dispatch([&destroyed, events](const samqp::event &) {
        counter &counter = destroyed;
        delete events;
        counter.add();
    });
    CHECK(publisher.try_publish("", queue, "body"));
    destroyed.wait_for(1);
}

int main()
{
    return run_checks([] {
        check_polling();
        check_states();
        check_notify();
        samqp::client client = samqp::client::open(broker_options());
        const std::string queue = unique("events");
        client.declare_queue(queue);
        check_dispatch(client, queue);
        check_ends_while_dispatched(client, queue);
        client.delete_queue(queue);
        client.drain();
    });
}
