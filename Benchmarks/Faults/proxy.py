"""A TCP proxy on the loopback that can reset its connections, at once or when the broker's next confirm comes by."""
import socket
import struct
import threading

BASIC_ACK = struct.pack(">HH", 60, 80)


class Proxy:
    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.pairs = []
        self.eats_next_confirm = False
        self.confirm_was_eaten = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()
        self.reset_all()

    def reset_all(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for client, broker in pairs:
            self._reset(client)
            self._reset(broker)

    @staticmethod
    def _reset(end):
        # close(2) alone would wait for the thread that reads, and send FIN.
        try:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RD)
        except OSError:
            pass
        end.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                broker = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                if self.listener.fileno() < 0:
                    return
                self._reset(client)
                continue
            with self.lock:
                self.pairs.append((client, broker))
            for source, sink, look in ((client, broker, False), (broker, client, True)):
                threading.Thread(target=self._pass, args=(source, sink, look), daemon=True).start()

    def _pass(self, source, sink, looks_at_frames):
        held = b""
        try:
            while True:
                piece = source.recv(65536)
                if not piece:
                    sink.shutdown(socket.SHUT_WR)
                    return
                if not looks_at_frames:
                    sink.sendall(piece)
                    continue
                held += piece
                whole = 0
                while len(held) - whole >= 7:
                    size = 8 + int.from_bytes(held[whole + 3:whole + 7], "big")
                    if len(held) - whole < size:
                        break
                    frame = held[whole:whole + size]
                    if self.eats_next_confirm and frame[0] == 1 and frame[7:11] == BASIC_ACK:
                        self.eats_next_confirm = False
                        self.confirm_was_eaten.set()
                        self.reset_all()
                        return
                    whole += size
                sink.sendall(held[:whole])
                held = held[whole:]
        except OSError:
            pass
