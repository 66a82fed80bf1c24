"""Takes hold of the node that scripts/with-broker has started for this process: kills, stops and asks it.

Every process of that node has the folder's name in its environment, also one that is started again here, so that the
guardian of with-broker ends them all.
"""
import os
import signal
import socket
import subprocess
import time

MARKER = "SWIFTAMQP_BROKER_DIR"


def processes(directory):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                environment = dict(
                    word.split("=", 1) for word in file.read().decode(errors="replace").split("\0") if "=" in word)
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        if environment.get(MARKER) == directory:
            yield int(pid), words, environment


class Broker:
    def __init__(self, port):
        self.port = port
        self.directory = os.path.dirname(os.path.dirname(os.environ["SWIFTAMQP_BROKER_LOG"]))
        # epmd was started with the environment of the node and has not changed it.
        self.environment = next(
            environment for _, words, environment in processes(self.directory) if words[0].endswith("epmd"))
        folders = [os.environ.get("SWIFTAMQP_RABBITMQ_SBIN", ""), "/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin",
                   "/usr/local/sbin"]
        self.sbin = next(folder for folder in folders if os.access(f"{folder}/rabbitmq-server", os.X_OK))

    def pid(self):
        # rabbitmqctl is an Erlang node too, but does not run now.
        return next(pid for pid, words, _ in processes(self.directory) if words[0].endswith("beam.smp"))

    def ctl(self, *words):
        command = [f"{self.sbin}/rabbitmqctl", "--silent", *words]
        return subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, check=True, capture_output=True, text=True).stdout

    def messages(self, queue):
        """All of them, also those that wait for an ack; None where there is no such queue."""
        for line in self.ctl("list_queues", "name", "messages").splitlines():
            if line.split("\t")[0] == queue:
                return int(line.split("\t")[1])
        return None

    def kill(self):
        """Returns when nobody listens any more: the threads of a killed process end one by one."""
        os.kill(self.pid(), signal.SIGKILL)
        while self._accepts():
            time.sleep(0.01)

    def _accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def restart(self):
        """Gives the time at which the node accepts connections again."""
        with open(f"{self.directory}/log/console.log", "ab") as log:
            server = subprocess.Popen(
                [f"{self.sbin}/rabbitmq-server"], env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        for _ in range(6000):
            if self._accepts():
                return time.time()
            if server.poll() is not None:
                break
            time.sleep(0.01)
        with open(f"{self.directory}/log/console.log", errors="replace") as log:
            raise TimeoutError(f"the node did not come back: {log.read()[-1500:]}")

    def pause(self):
        os.kill(self.pid(), signal.SIGSTOP)

    def resume(self):
        os.kill(self.pid(), signal.SIGCONT)

    def set_memory_alarm(self, on):
        self.ctl("set_vm_memory_high_watermark", "0.0000001" if on else "0.4")

    def delete_queue(self, queue):
        self.ctl("delete_queue", queue)
