"""Questions and answers over queues: a server in a thread, and a client that matches answers by their correlation id.

rpc.py [URL]
"""

import sys
import threading
import uuid

import swiftamqp


def serve(client: swiftamqp.Client, consumer: swiftamqp.Consumer) -> None:
    for delivery in consumer:
        with delivery.process(requeue=False):
            answer = str(int(delivery.body) ** 2).encode()
            question = delivery.properties
            properties = swiftamqp.Properties(correlation_id=question.correlation_id)
            try:
                client.publish("", question.reply_to or "", answer, properties)
            except swiftamqp.Returned:
                # Who has asked is gone.
                pass


def ask(client: swiftamqp.Client, answers: swiftamqp.Consumer, reply_to: str, number: int) -> int:
    identifier = uuid.uuid4().hex
    properties = swiftamqp.Properties(reply_to=reply_to, correlation_id=identifier, expiration="5000")
    client.publish("", "example-squares", b"%d" % number, properties)
    while True:
        delivery = answers.get(5)
        if delivery is None:
            raise TimeoutError("nobody has answered")
        delivery.ack()
        if delivery.properties.correlation_id == identifier:
            return int(delivery.body)


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else None
    with swiftamqp.connect(url, name="rpc-server") as server, swiftamqp.connect(url, name="rpc-client") as client:
        server.declare_queue("example-squares", exclusive=False, arguments={"x-expires": 60_000})
        questions = server.consumer("example-squares")
        thread = threading.Thread(target=serve, args=(server, questions))
        thread.start()
        reply_to = client.declare_queue(exclusive=True).name
        with client.consumer(reply_to) as answers:
            for number in range(5):
                print(number, ask(client, answers, reply_to, number))
        questions.close()
        thread.join()


if __name__ == "__main__":
    main()
