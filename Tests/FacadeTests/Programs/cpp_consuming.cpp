// Runs: broker asan. swiftamqp.hpp: consuming by polls, by events and by handlers, and how each delivery ends.
#include "check.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static void publish(samqp::client &client, const std::string &queue, int count)
{
    samqp::publisher publisher = client.open_publisher();
    for (int number = 0; number < count; number++) {
        publisher.publish_wait("", queue, "message " + std::to_string(number));
    }
}

static void check_polling(samqp::client &client)
{
    const std::string queue = unique("polling");
    client.declare_queue(queue, samqp::entity::durable, {{"x-max-length", 100}});
    publish(client, queue, 10);
    samqp::options options;
    options.set("consumer.prefetch", 10).set("consumer.tag", "polling");
    samqp::consumer consumer = client.consume(queue, options);
    CHECK(consumer.tag() == "polling" && consumer.user() == nullptr);
    std::vector<samqp::delivery> deliveries;
    deliveries.push_back(*consumer.poll(1min));
    while (deliveries.size() < 10) {
        auto batch = consumer.poll_batch(1min, 100);
        CHECK(!batch.empty());
        for (samqp::delivery &delivery : batch) deliveries.push_back(std::move(delivery));
    }
    CHECK(!consumer.poll(samqp::no_wait) && consumer.poll_batch(1ms, 5).empty());
    for (std::size_t index = 0; index < 10; index++) {
        CHECK(deliveries[index].body().text() == "message " + std::to_string(index));
        CHECK(deliveries[index].consumer_tag() == "polling" && deliveries[index].retry_count() == 0);
    }
    deliveries[5].ack_up_to_here();
    CHECK_THROWS(deliveries[2].ack(), SAMQP_ERR_ALREADY_SETTLED);
    deliveries[6].requeue();
    std::optional<samqp::delivery> again = consumer.poll(1min);
    CHECK(again && again->redelivered() && again->body().text() == "message 6");
    again->ack();
    deliveries[7].reject();
    deliveries[8].ack();
    // Who cancels with a delivery in hand waits for it, and then it goes back.
    CHECK_THROWS(consumer.cancel(10ms), SAMQP_ERR_TIMEOUT);
    CHECK_THROWS(consumer.poll(samqp::no_wait), SAMQP_ERR_CLOSED);
    CHECK_THROWS(deliveries[9].ack(), SAMQP_ERR_STALE);
    CHECK(deliveries[9].is_stale());

    // Destroyed without a word: what was not settled goes back too.
    {
        samqp::consumer forgotten = client.consume(queue, options);
        samqp::delivery delivery = std::move(*forgotten.poll(1min));
        CHECK(delivery.redelivered() && delivery.body().text() == "message 9");
        samqp::consumer moved = std::move(forgotten);
        forgotten = std::move(moved);
    }
    samqp::consumer last = client.consume(queue);
    samqp::delivery delivery = std::move(*last.poll(1min));
    CHECK(delivery.body().text() == "message 9");
    delivery.ack();
    last.cancel();

    const samqp::error missing = CHECK_THROWS(client.consume("no such queue"), SAMQP_ERR_CHANNEL_EXCEPTION);
    CHECK(missing.reply_code() == 404);
    CHECK(client.delete_queue(queue) == 0);
}

static void check_events(samqp::client &client)
{
    const std::string queue = unique("events");
    client.declare_queue(queue);
    publish(client, queue, 20);
    samqp::events events;
    int user = 0;
    bool has_ended = false;
    samqp::consumer consumer = client.consume(queue, {}, 1min, {events, &user});
    CHECK_THROWS(consumer.poll(samqp::no_wait), SAMQP_ERR_INVALID_ARGUMENT);
    int acked = 0, subscribed = 0;
    while (acked < 20) {
        auto event = events.poll(1min);
        CHECK(event && event->user() == &user);
        if (event->type() == samqp::event_type::consumer && event->number() == SAMQP_CONSUMER_SUBSCRIBED) subscribed++;
        if (event->type() != samqp::event_type::delivery) continue;
        const auto delivery = event->take_delivery();
        CHECK(delivery && !event->take_delivery() && delivery->tag() == event->tag());
        delivery->ack();
        acked++;
    }
    CHECK(subscribed == 1);
    consumer.cancel();
    while (!has_ended) {
        const auto event = events.poll(1min);
        CHECK(event && event->type() == samqp::event_type::consumer);
        has_ended = event->number() == SAMQP_CONSUMER_ENDED;
        if (has_ended) CHECK(!event->error() && event->text() == consumer.tag());
    }
    CHECK(client.delete_queue(queue) == 0);
}

static void check_handler(samqp::client &client)
{
    const std::string queue = unique("handler"), dead = unique("dead");
    client.declare_queue(dead);
    client.declare_queue(
        queue, samqp::entity::durable, {{"x-dead-letter-exchange", ""}, {"x-dead-letter-routing-key", dead}});
    counter handled, reported;
    samqp::on_callback_exception([&](const char *where, std::exception_ptr thrown) {
        CHECK_TEXT(where, "a handler of deliveries");
        try {
            std::rethrow_exception(thrown);
        } catch (const std::runtime_error &error) {
            CHECK_TEXT(error.what(), "thrown by a handler");
        }
        reported.add();
    });
    std::mutex lock;
    std::optional<samqp::delivery> taken;
    samqp::options options;
    options.set("failures.policy", "requeue").set("failures.limit", 2).set("failures.initial_ms", 1)
        .set("failures.max_ms", 1);
    samqp::events events;
    samqp::consumer consumer = client.consume(queue, options, [&](samqp::delivery_ref delivery) {
        CHECK(!delivery.is_cancelled());
        handled.add();
        const std::string text(delivery.body().text());
        if (text == "message 1") throw std::runtime_error("thrown by a handler");
        if (text == "message 2") return samqp::settle::reject;
        if (text == "message 3") {
            const std::lock_guard<std::mutex> guard(lock);
            taken = delivery.take();
            CHECK_THROWS(delivery.take(), SAMQP_ERR_INVALID_ARGUMENT);
            // Is not looked at any more.
            return samqp::settle::reject;
        }
        if (text == "message 4" && !delivery.redelivered()) return samqp::settle::requeue;
        return samqp::settle::ack;
    }, &events);
    CHECK(consumer.user() != nullptr);
    CHECK_THROWS(consumer.poll(samqp::no_wait), SAMQP_ERR_INVALID_ARGUMENT);
    publish(client, queue, 5);
    // 0 and 2 once, 1 twice and then dead-lettered, 3 taken, 4 twice.
    handled.wait_for(7);
    reported.wait_for(2);
    {
        const std::lock_guard<std::mutex> guard(lock);
        CHECK(taken && taken->body().text() == "message 3");
        taken->ack();
    }
    consumer.cancel();
    CHECK(handled.count() == 7 && reported.count() == 2);
    bool has_ended = false;
    while (!has_ended) {
        const auto event = events.poll(1min);
        CHECK(event && event->user() == consumer.user());
        has_ended = event->number() == SAMQP_CONSUMER_ENDED;
    }
    CHECK(client.delete_queue(queue) == 0);
    samqp::channel channel = client.open_channel();
    std::size_t rejected = 0;
    while (rejected < 2) {
        if (channel.get(dead, true)) rejected++;
    }
    CHECK(client.delete_queue(dead) == 0);
    CHECK_THROWS(client.consume(queue, {}, samqp::delivery_handler()), SAMQP_ERR_INVALID_ARGUMENT);
    samqp::on_callback_exception({});
}

static void check_concurrency(samqp::client &client)
{
    const std::string queue = unique("concurrent");
    client.declare_queue(queue);
    publish(client, queue, 4);
    // None of the four comes to its end before all are there.
    counter inside;
    samqp::consumer consumer = client.consume(
        queue, samqp::options().set("consumer.max_concurrency", 4), [&](samqp::delivery_ref) {
            inside.add();
            inside.wait_for(4);
            return samqp::settle::ack;
        });
    inside.wait_for(4);
    consumer.cancel();
    CHECK(client.delete_queue(queue) == 0);
}

static void check_lifetime(samqp::client &client)
{
    const std::string queue = unique("lifetime");
    client.declare_queue(queue);
    publish(client, queue, 1);
    // The destructor waits for a handler that runs: what it uses is there until it returns.
    std::atomic<bool> has_ended{false};
    counter began;
    {
        const samqp::consumer consumer = client.consume(queue, {}, [&](samqp::delivery_ref) {
            began.add();
            std::this_thread::sleep_for(50ms);
            has_ended = true;
            return samqp::settle::requeue;
        });
        began.wait_for(1);
    }
    CHECK(has_ended);
    const int calls = began.count();

    // Destroyed by its own handler: that waits for nobody; to cancel it there is refused.
    counter refused, destroyed;
    std::mutex lock;
    std::optional<samqp::consumer> consumer;
    {
        const std::lock_guard<std::mutex> guard(lock);
        consumer = client.consume(queue, {}, [&](samqp::delivery_ref delivery) {
            const std::lock_guard<std::mutex> inner(lock);
            if (!consumer) return samqp::settle::requeue;
            CHECK_THROWS(consumer->cancel(), SAMQP_ERR_WOULD_DEADLOCK);
            CHECK_THROWS(client.drain(), SAMQP_ERR_WOULD_DEADLOCK);
            refused.add();
            // What belongs to the function is gone with the consumer for nobody: it runs.
            auto &counter = destroyed;
            delivery.ack();
            consumer.reset();
            counter.add();
            return samqp::settle::ack;
        });
    }
    destroyed.wait_for(1);
    CHECK(refused.count() == 1 && began.count() == calls);
    // It can be in no consumer's hands any more.
    CHECK(client.delete_queue(queue) == 0);
}

// A consumer may be destroyed at any moment, with deliveries on their way to its handler: it is not called afterwards.
static void check_many_lifetimes(samqp::client &client)
{
    const std::string queue = unique("lifetimes");
    client.declare_queue(queue);
    publish(client, queue, 50);
    const samqp::options options = std::move(samqp::options().set("consumer.max_concurrency", 8));
    for (int turn = 0; turn < 50; turn++) {
        // Outlives the consumer, and nothing else.
        const auto used = std::make_unique<counter>();
        const samqp::consumer consumer = client.consume(queue, options, [&used = *used](samqp::delivery_ref) {
            used.add();
            return samqp::settle::requeue;
        });
        // In some turns as soon as a call runs, in others before there is any.
        if (turn % 2 == 0) used->wait_for(1 + turn);
    }
    samqp::channel channel = client.open_channel();
    // What the consumers had is back in the queue soon: none is lost.
    for (int taken = 0; taken < 50;) {
        if (channel.get(queue, true)) taken++;
    }
    CHECK(!channel.get(queue));
    client.delete_queue(queue);
}

int main()
{
    return run_checks([] {
        samqp::client client = samqp::client::open(broker_options());
        check_polling(client);
        check_events(client);
        check_handler(client);
        check_concurrency(client);
        check_lifetime(client);
        check_many_lifetimes(client);
        const samqp::drain_report report = client.drain();
        CHECK(report.timed_out == 0);
    });
}
