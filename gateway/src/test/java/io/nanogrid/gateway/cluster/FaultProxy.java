package io.nanogrid.gateway.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// A way to a server of this machine that a test can spoil and heal, for connections that are open and those that come. Made for one
/// test's traffic. Safe for use by many threads.
public final class FaultProxy implements AutoCloseable {

    private sealed interface Mode {

        /// Bytes pass, each piece of them this late.
        record Pass(Duration delay) implements Mode {
        }

        /// Connections are reset.
        record Cut() implements Mode {
        }

        /// Connections are taken, and nothing comes back.
        record Hang() implements Mode {
        }

        /// Requests are answered by these bytes, and their connections closed, as long as answers are left.
        record Answer(String response) implements Mode {
        }
    }

    private final int targetPort;
    private final ServerSocket listener;
    private final List<Socket> open = new ArrayList<>();
    /// Guards `mode`, `changes`, `accepted` and `open`.
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final AtomicLong passed = new AtomicLong();
    private final AtomicInteger answersLeft = new AtomicInteger();
    private Mode mode = new Mode.Pass(Duration.ZERO);
    private int changes;
    private int accepted;
    private boolean closed;

    public FaultProxy(int targetPort) {
        this.targetPort = targetPort;
        try {
            listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    public static FaultProxy to(LocalServer server) {
        return new FaultProxy(server.port());
    }

    public int port() {
        return listener.getLocalPort();
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + port());
    }

    /// How many connections clients have made.
    public int accepted() {
        lock.lock();
        try {
            return accepted;
        } finally {
            lock.unlock();
        }
    }

    /// Everything passes again, on connections that were held up too.
    public void heal() {
        become(new Mode.Pass(Duration.ZERO));
    }

    /// Each piece of data takes so much longer, in each direction.
    public void slow(Duration delay) {
        become(new Mode.Pass(delay));
    }

    /// Resets what is open, and what comes.
    public void cut() {
        become(new Mode.Cut());
    }

    /// Takes connections and requests, and never answers.
    public void hang() {
        become(new Mode.Hang());
    }

    /// Answers the next HTTP requests itself, as a service that throttles does, and lets those after them pass.
    ///
    /// @param body such as `<Error><Code>SlowDown</Code></Error>`
    public void answer(int times, int status, String contentType, String body) {
        answersLeft.set(times);
        become(new Mode.Answer("HTTP/1.1 " + status + " Fault\r\nContent-Type: " + contentType + "\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\nConnection: close\r\n\r\n" + body));
    }

    /// How many bytes have passed since the last change, in both directions.
    public long passed() {
        return passed.get();
    }

    private void become(Mode next) {
        lock.lock();
        try {
            mode = next;
            changes++;
            passed.set(0);
            changed.signalAll();
            if (next instanceof Mode.Cut || next instanceof Mode.Answer) {
                open.forEach(FaultProxy::reset);
                open.clear();
            }
        } finally {
            lock.unlock();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Thread.ofVirtual().start(() -> serve(client));
            }
        } catch (IOException e) {
            // The proxy is closed.
        }
    }

    private void serve(Socket client) {
        Socket server = new Socket();
        lock.lock();
        try {
            accepted++;
            open.add(client);
            open.add(server);
            switch (mode) {
                case Mode.Cut() -> {
                    reset(client);
                    return;
                }
                case Mode.Answer(String response) when answersLeft.getAndDecrement() > 0 -> {
                    Thread.ofVirtual().start(() -> answer(client, response));
                    return;
                }
                case Mode.Answer _,Mode.Pass _,Mode.Hang _ -> {
                }
            }
        } finally {
            lock.unlock();
        }
        try {
            awaitPassage();
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort), 5000);
        } catch (IOException | InterruptedException e) {
            reset(client);
            return;
        }
        Thread.ofVirtual().start(() -> pump(client, server));
        pump(server, client);
    }

    private void pump(Socket from, Socket to) {
        byte[] buffer = new byte[16 << 10];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n; (n = in.read(buffer)) >= 0;) {
                awaitPassage();
                out.write(buffer, 0, n);
                out.flush();
                passed.addAndGet(n);
            }
            to.shutdownOutput();
        } catch (IOException | InterruptedException e) {
            reset(from);
            reset(to);
        }
    }

    /// Waits while nothing passes, and for the delay where there is one.
    private void awaitPassage() throws InterruptedException {
        lock.lock();
        try {
            while (mode instanceof Mode.Hang && !closed) {
                changed.await();
            }
            if (mode instanceof Mode.Pass(Duration delay) && delay.isPositive()) {
                long left = delay.toNanos();
                int since = changes;
                while (left > 0 && changes == since) {
                    left = changed.awaitNanos(left);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /// Once the request's head is there; its body is left unread.
    private static void answer(Socket client, String response) {
        try (client) {
            InputStream in = client.getInputStream();
            int last = 0;
            for (int c; last != 0x0d0a0d0a && (c = in.read()) >= 0;) {
                last = last << 8 | c;
            }
            client.getOutputStream().write(response.getBytes(StandardCharsets.UTF_8));
            client.shutdownOutput();
            in.skip(1 << 20);
        } catch (IOException e) {
            // The client has hung up.
        }
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            // It is closed already.
        }
    }

    @Override
    public void close() {
        become(new Mode.Cut());
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
