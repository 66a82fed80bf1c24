// Runs: broker asan. swiftamqp.hpp: publishing, each outcome, flow control, shared bodies, plain channels and transactions.
#include "check.hpp"

#include <map>

using namespace std::chrono_literals;

// Takes events until `count` confirms have come; how each tag ended.
static std::map<std::uint64_t, samqp_status> confirms(samqp::events &events, std::size_t count)
{
    std::map<std::uint64_t, samqp_status> outcomes;
    while (outcomes.size() < count) {
        const auto batch = events.poll_batch(1min, 100);
        CHECK(!batch.empty());
        for (const samqp::event &event : batch) {
            if (event.type() != samqp::event_type::confirm) continue;
            CHECK(outcomes.emplace(event.tag(), event.status()).second);
        }
    }
    return outcomes;
}

static void check_round_trip(samqp::client &client, const std::string &queue)
{
    samqp::publisher publisher = client.open_publisher();
    samqp::properties properties;
    properties.content_type = "text/plain";
    properties.correlation_id = "c1";
    properties.headers.set("version", 2).set("nested", samqp::table{{"list", samqp::list{1, "two"}}});
    properties.timestamp = samqp::timestamp{1'700'000'000};
    properties.priority = std::uint8_t{3};
    properties.mode = samqp::delivery_mode::transient;
    const std::string body("a\0b", 3);
    publisher.publish_wait("", queue, body, properties);

    samqp::channel channel = client.open_channel();
    const std::optional<samqp::delivery> delivery = channel.get(queue);
    CHECK(delivery && delivery->body().text() == body && delivery->routing_key() == queue && delivery->exchange().empty());
    CHECK(!delivery->redelivered() && !delivery->is_stale() && delivery->tag() == 1 && delivery->consumer_tag().empty());
    const samqp::properties_view read = delivery->properties();
    CHECK(read.content_type == "text/plain" && read.correlation_id == "c1" && !read.reply_to && read.message_id);
    CHECK(read.headers.get<int>("version") == 2 && read.priority == std::uint8_t{3});
    CHECK(read.headers.get<samqp::table_view>("nested")->get<samqp::table_view>("list")->get_at<std::string>(1) == "two");
    CHECK(read.timestamp->seconds == 1'700'000'000 && read.mode == samqp::delivery_mode::transient);
    delivery->ack();
    CHECK_THROWS(delivery->ack(), SAMQP_ERR_ALREADY_SETTLED);
    CHECK(!delivery->try_ack());
    CHECK_THROWS(static_cast<const samqp::delivery_ref &>(*delivery).take(), SAMQP_ERR_INVALID_ARGUMENT);

    // As it came, and without a body.
    publisher.publish_wait("", queue, {}, samqp::properties(read));
    const std::optional<samqp::delivery> again = channel.get(queue, true);
    CHECK(again && again->body().empty() && again->properties().headers.get<int>("version") == 2);
    CHECK(again->properties().message_id == read.message_id);
    CHECK(!channel.get(queue));
}

static void check_outcomes(samqp::client &client, const std::string &queue)
{
    samqp::events events;
    int user = 0;
    samqp::publisher publisher = client.open_publisher({}, events);
    const auto good = publisher.try_publish("", queue, "good", {}, samqp::publishing::once, &user);
    const auto lost = publisher.try_publish("", "no such queue", "nobody");
    const auto dropped = publisher.try_publish("", "no such queue", "nobody", {}, samqp::publishing::unroutable_ok);
    CHECK(good == 1u && lost == 2u && dropped == 3u);
    const auto outcomes = confirms(events, 3);
    CHECK(outcomes.at(1) == SAMQP_OK && outcomes.at(2) == SAMQP_ERR_RETURNED && outcomes.at(3) == SAMQP_OK);
    // The broker closes the channel for that one; others that were on their way would end as unknown, or be sent again.
    CHECK(publisher.try_publish("no such exchange", "", "nobody") == 4u);
    CHECK(confirms(events, 1).at(4) == SAMQP_ERR_NOT_SENT);
    CHECK(publisher.unconfirmed() == 0);
    try {
        publisher.flush();
        CHECK(false);
    } catch (const samqp::publish_error &error) {
        CHECK(error.failed() == 2);
    }
    publisher.flush();

    try {
        publisher.publish_wait("", "no such queue", "nobody");
        CHECK(false);
    } catch (const samqp::publish_error &error) {
        CHECK(error.outcome() == samqp::outcome::returned && error.is_in_no_queue() && error.failed() == 1);
        CHECK(error.cause() != SAMQP_OK && error.what() != std::string());
    }
    publisher.publish_wait("", "no such queue", "nobody", {}, samqp::publishing::unroutable_ok | samqp::publishing::once);
    CHECK_THROWS(publisher.try_publish("", std::string(256, 'k'), "body"), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK(publisher.try_publish("", queue, "body", {}, samqp::publishing::none, &user));
    const std::optional<samqp::event> last = events.poll(1min);
    CHECK(last && last->type() == samqp::event_type::confirm && last->user() == &user && last->number() == 1);
    CHECK(!last->text().empty() && !last->error());
    last->throw_if_failed();
}

static void check_room(samqp::client &client, const std::string &queue)
{
    samqp::events events;
    int user = 0;
    samqp::publisher publisher = client.open_publisher(samqp::options().set("publisher.window", 10), {events, &user});
    std::size_t taken = 0, confirmed = 0, writable = 0, refusals = 0;
    const std::size_t wanted = 500;
    const auto fill = [&] {
        for (; taken < wanted; taken++) {
            if (publisher.try_publish("", queue, "body")) continue;
            refusals++;
            return;
        }
    };
    fill();
    CHECK(refusals == 1);
    while (confirmed < wanted) {
        const std::optional<samqp::event> event = events.poll(1min);
        CHECK(event);
        if (event->type() == samqp::event_type::confirm) confirmed++;
        if (event->type() != samqp::event_type::writable) continue;
        CHECK(event->user() == &user);
        writable++;
        fill();
    }
    // Once for each time.
    CHECK(taken == wanted && (writable == refusals));
}

// A body that says when nobody has it any more.
struct watched_body {
    std::string text;
    counter *gone;
    const char *data() const { return text.data(); }
    std::size_t size() const { return text.size(); }
    ~watched_body() { gone->add(); }
};

static void check_shared_bodies(samqp::client &client, const std::string &queue)
{
    counter gone;
    samqp::events events;
    samqp::publisher publisher = client.open_publisher({}, events);
    const auto body = [&](std::size_t size) {
        return std::shared_ptr<const watched_body>(new watched_body{std::string(size, 'x'), &gone});
    };
    CHECK(publisher.try_publish_shared("", queue, body(10)));
    CHECK(publisher.try_publish_shared("", queue, body(1'000'000)));
    CHECK(publisher.try_publish_shared("", "no such queue", body(100)));
    confirms(events, 3);
    gone.wait_for(3);
    // Not taken: given up as well, but for the program's own share.
    const auto kept = body(5);
    CHECK_THROWS(publisher.try_publish_shared("", std::string(256, 'k'), kept), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK(gone.count() == 3 && kept.use_count() == 1);
    CHECK_THROWS(
        publisher.try_publish_shared("", queue, std::shared_ptr<const std::string>()), SAMQP_ERR_INVALID_ARGUMENT);
}

static void check_channels(samqp::client &client, const std::string &queue)
{
    samqp::channel channel = client.open_channel();
    CHECK(channel.is_open());
    channel.check_exchange("amq.topic");
    client.purge_queue(queue);
    channel.publish("", queue, "first");
    CHECK(channel.check_queue(queue).messages == 1 && channel.check_queue(queue).name == queue);
    CHECK_THROWS(channel.publish("", "no such queue", "nobody"), SAMQP_ERR_RETURNED);

    std::optional<samqp::delivery> delivery = channel.get(queue);
    CHECK(delivery && !channel.get(queue));
    channel.recover();
    delivery = channel.get(queue);
    CHECK(delivery && delivery->redelivered() && delivery->body().text() == "first");
    delivery->requeue();
    delivery = channel.get(queue);
    CHECK(delivery);
    delivery->reject();
    CHECK(channel.check_queue(queue).messages == 0);

    samqp::channel transaction = client.open_channel();
    transaction.tx_select();
    transaction.publish("", queue, "rolled back");
    transaction.tx_rollback();
    transaction.publish("", queue, "committed");
    transaction.tx_commit();
    delivery = channel.get(queue, true);
    CHECK(delivery && delivery->body().text() == "committed" && !channel.get(queue));

    const samqp::error missing = CHECK_THROWS(channel.check_queue("no such queue"), SAMQP_ERR_CHANNEL_EXCEPTION);
    CHECK(missing.reply_code() == 404 && !channel.is_open());
    CHECK_THROWS(channel.get(queue), SAMQP_ERR_CHANNEL_EXCEPTION);
    CHECK(transaction.is_open());
    transaction.close();
    CHECK(!transaction.is_open());
    CHECK_THROWS(transaction.tx_commit(), SAMQP_ERR_CLOSED);
}

int main()
{
    return run_checks([] {
        samqp::client client = samqp::client::open(broker_options());
        const std::string queue = unique("publishing");
        client.declare_queue(queue);
        check_round_trip(client, queue);
        check_outcomes(client, queue);
        check_room(client, queue);
        check_shared_bodies(client, queue);
        check_channels(client, queue);
        client.delete_queue(queue);
        client.drain();
    });
}
