package io.nanogrid.gateway.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.websocket.WsConfig;
import io.javalin.websocket.WsContext;
import io.nanogrid.gateway.deploy.DeployEvent;
import io.nanogrid.gateway.deploy.DeployEvents;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `/deploy/ws`: the progress of every deploy, to everyone who listens. Who reads too slowly is cut off; no deploy waits for a listener.
final class DeploySocket {

    private static final Logger LOG = LoggerFactory.getLogger(DeploySocket.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BACKLOG = 1_000;

    private final DeployEvents events;
    private final Map<String, Listener> listeners = new ConcurrentHashMap<>();

    private record Listener(DeployEvents.Subscription subscription, Thread sender) {
        void close() {
            subscription.close();
            sender.interrupt();
        }
    }

    DeploySocket(DeployEvents events) {
        this.events = events;
    }

    void configure(WsConfig ws) {
        ws.onConnect(this::connected);
        ws.onClose(this::gone);
        ws.onError(this::gone);
    }

    private void connected(WsContext ctx) {
        ctx.enableAutomaticPings();
        BlockingQueue<DeployEvent> queue = new ArrayBlockingQueue<>(BACKLOG);
        Thread sender = Thread.ofVirtual().unstarted(() -> send(ctx, queue));
        DeployEvents.Subscription subscription = events.subscribe(event -> {
            if (!queue.offer(event)) {
                sender.interrupt();
            }
        });
        listeners.put(ctx.sessionId(), new Listener(subscription, sender));
        sender.start();
    }

    private void send(WsContext ctx, BlockingQueue<DeployEvent> queue) {
        try {
            while (true) {
                ctx.send(JSON.writeValueAsString(CallbackJson.event(queue.take())));
            }
        } catch (InterruptedException e) {
            ctx.closeSession(1013, "too slow, or shutting down");
        } catch (JsonProcessingException | RuntimeException e) {
            LOG.debug("A listener of deploys has gone", e);
        }
    }

    private void gone(WsContext ctx) {
        Listener listener = listeners.remove(ctx.sessionId());
        if (listener != null) {
            listener.close();
        }
    }

    /// Ends all connections.
    void close() {
        listeners.values().forEach(Listener::close);
    }
}
