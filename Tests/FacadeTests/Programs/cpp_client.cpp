// Runs: broker asan. swiftamqp.hpp: clients, what they declare, and how they end.
#include "check.hpp"

using namespace std::chrono_literals;

static void check_refused()
{
    CHECK_THROWS(samqp::client::open(samqp::options()), SAMQP_ERR_INVALID_ARGUMENT);
    // Nobody listens there.
    samqp::options nobody("amqp://127.0.0.1:1/");
    const samqp::error error = CHECK_THROWS(samqp::client::open(nobody, 300ms), SAMQP_ERR_CONNECT);
    CHECK(error.is_retriable() && error.system_errno() != 0 && !error.endpoint().empty());
    // No such user.
    samqp::options stranger = broker_options();
    stranger.set("connection.username", "nobody").set("connection.password", "secret");
    const samqp::error refused = CHECK_THROWS(samqp::client::open(stranger, 10s), SAMQP_ERR_AUTH);
    CHECK(std::string(refused.what()).find("secret") == std::string::npos);

    samqp::client waiting = samqp::client::start(nobody);
    CHECK(waiting.state() == samqp::state::connecting && waiting.health()->code() == SAMQP_ERR_CONNECT);
    CHECK(waiting.is_live(1min));
    CHECK_THROWS(waiting.wait(samqp::no_wait), SAMQP_ERR_TIMEOUT);
    CHECK_THROWS(waiting.wait(10ms), SAMQP_ERR_TIMEOUT);
    waiting.close();
    CHECK(waiting.state() == samqp::state::closed && !waiting.is_live(1min));
    CHECK_THROWS(waiting.wait(), SAMQP_ERR_CLOSED);
    CHECK_THROWS(waiting.declare_queue("queue"), SAMQP_ERR_CLOSED);
}

static void check_declaring(samqp::client &client)
{
    const std::string queue = unique("queue"), exchange = unique("exchange"), other = unique("other");
    client.declare_exchange(exchange, "topic");
    client.declare_exchange(other, "fanout", samqp::entity::durable | samqp::entity::internal);
    const samqp::queue_info info = client.declare_queue(queue, samqp::entity::durable, {{"x-max-length", 10}});
    CHECK(info.name == queue && info.messages == 0 && info.consumers == 0);
    client.declare_binding(queue, exchange, "order.#");
    client.declare_exchange_binding(other, exchange, "#");
    samqp::publisher publisher = client.open_publisher();
    publisher.publish_wait(exchange, "order.created", "body");
    CHECK(client.queue_status(queue).messages == 1);
    CHECK(client.purge_queue(queue) == 1);
    client.delete_binding(queue, exchange, "order.#");
    CHECK_THROWS(publisher.publish_wait(exchange, "order.created", "body"), SAMQP_ERR_RETURNED);
    client.delete_exchange_binding(other, exchange, "#");

    const samqp::error differs =
        CHECK_THROWS(client.declare_queue(queue, samqp::entity::durable, {{"x-max-length", 20}}), SAMQP_ERR_CHANNEL_EXCEPTION);
    CHECK(differs.reply_code() == 406 && !differs.is_retriable());
    const samqp::error missing = CHECK_THROWS(client.queue_status("no such queue"), SAMQP_ERR_CHANNEL_EXCEPTION);
    CHECK(missing.reply_code() == 404);

    const std::string chosen = client.declare_queue("", samqp::entity::exclusive | samqp::entity::auto_delete).name;
    CHECK(!chosen.empty() && client.current_queue_name(chosen) == chosen && client.current_queue_name(queue) == queue);

    client.delete_exchange(other, samqp::entity::if_unused);
    client.delete_exchange(exchange);
    CHECK(client.delete_queue(queue, samqp::entity::if_unused | samqp::entity::if_empty) == 0);
    client.delete_queue(chosen);
}

static void check_topology(samqp::client &client)
{
    const std::string queue = unique("topology"), exchange = unique("topology");
    samqp::topology topology;
    topology.add_exchange(exchange, "direct").add_queue(queue).add_binding(queue, exchange, "key");
    const samqp::plan plan = client.plan(topology);
    CHECK(plan.size() == 3 && plan.is_applicable());
    CHECK(plan.finding(0) == samqp::finding::missing && plan.text(0).find(exchange) != std::string_view::npos);
    CHECK(client.apply(topology) == 0);
    CHECK(client.plan(topology).finding(1) == samqp::finding::exists);
    try {
        plan.text(3);
        CHECK(false);
    } catch (const std::out_of_range &) {
    }

    // Of one client it is another exchange than of the other.
    samqp::topology other;
    other.add_exchange(exchange, "fanout");
    samqp::events events;
    samqp::client stubborn = samqp::client::open(broker_options(), samqp::usual_timeout, events);
    CHECK(stubborn.plan(other).finding(0) == samqp::finding::differs && !stubborn.plan(other).is_applicable());
    std::optional<samqp::error> refused;
    CHECK(stubborn.apply(other, samqp::usual_timeout, &refused) == 1);
    CHECK(refused && refused->code() == SAMQP_ERR_DEGRADED && !std::string(refused->what()).empty());
    // Its state is told, and is so then.
    bool is_degraded = false;
    while (!is_degraded) {
        const std::optional<samqp::event> event = events.poll(1min);
        CHECK(event);
        is_degraded = event->type() == samqp::event_type::state
            && event->number() == static_cast<int>(samqp::state::degraded);
    }
    CHECK(stubborn.state() == samqp::state::degraded && stubborn.health()->code() == SAMQP_ERR_DEGRADED);
    stubborn.close();

    // A client that has it from the beginning, on every connection.
    client.delete_queue(queue);
    samqp::client second = samqp::client::open(broker_options().set_topology(topology));
    CHECK(second.queue_status(queue).name == queue);
    second.delete_queue(queue);
    second.delete_exchange(exchange);
    second.drain();
}

static void check_end()
{
    samqp::client client = samqp::client::open(broker_options());
    const std::string queue = unique("end");
    client.declare_queue(queue);
    CHECK(client.state() == samqp::state::open && samqp::state_name(client.state()) == "open" && !client.health());
    samqp::publisher publisher = client.open_publisher();
    publisher.publish_wait("", queue, "one");
    CHECK_THROWS(publisher.publish_wait("", "no such queue", "two"), SAMQP_ERR_RETURNED);
    samqp::consumer consumer = client.consume(queue);
    std::optional<samqp::delivery> delivery = consumer.poll(1min);
    CHECK(delivery);
    const samqp::stats stats = client.stats();
    CHECK(stats.published == 2 && stats.confirmed == 1 && stats.returned == 1 && stats.consumers == 1);
    CHECK(stats.connections >= 1);

    // The delivery is not settled: a drain does not wait longer than it may, and says so without throwing.
    const samqp::drain_report report = client.drain(50ms);
    CHECK(report.timed_out == 1);
    CHECK(client.state() == samqp::state::closed && client.health()->code() == SAMQP_ERR_CLOSED);
    CHECK_THROWS(delivery->ack(), SAMQP_ERR_STALE);
    CHECK_THROWS(publisher.try_publish("", queue, "late"), SAMQP_ERR_CLOSED);
    CHECK_THROWS(consumer.poll(1min), SAMQP_ERR_CLOSED);

    // Handles in any order: the client's before those that came of it.
    std::optional<samqp::client> third = samqp::client::open(broker_options());
    samqp::publisher orphan = third->open_publisher();
    orphan.publish_wait("", queue, "three");
    third->delete_queue(queue);
    third.reset();
    CHECK(orphan.unconfirmed() == 0);

    // Given away to C, and taken back.
    samqp::client fourth = samqp::client::open(broker_options());
    samqp_client *raw = fourth.release();
    CHECK(raw != nullptr && fourth.native() == nullptr);
    fourth = samqp::client::adopt(raw);
    CHECK(fourth.drain().timed_out == 0);
}

int main()
{
    return run_checks([] {
        check_refused();
        samqp::client client = samqp::client::open(broker_options());
        check_declaring(client);
        check_topology(client);
        client.drain();
        check_end();
    });
}
