package io.nanogrid.gateway.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.websocket.WsConfig;
import io.javalin.websocket.WsContext;
import io.nanogrid.gateway.auth.ApiKeys;
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
    private static final int ACCESS_LOST = 1008;
    private static final int TRY_AGAIN_LATER = 1013;

    private final DeployEvents events;
    private final ApiKeys keys;
    private final Map<String, Subscribed> listeners = new ConcurrentHashMap<>();

    /// One connection. Its thread sends, and closes it when it is interrupted.
    private static final class Listener {
        final WsContext ctx;
        final BlockingQueue<DeployEvent> queue = new ArrayBlockingQueue<>(BACKLOG);
        final Thread sender = Thread.ofVirtual().unstarted(this::send);
        volatile boolean accessLost;

        Listener(WsContext ctx) {
            this.ctx = ctx;
        }

        void tell(DeployEvent event) {
            if (!queue.offer(event)) {
                sender.interrupt();
            }
        }

        void loseAccess() {
            accessLost = true;
            sender.interrupt();
        }

        private void send() {
            try {
                while (true) {
                    ctx.send(JSON.writeValueAsString(CallbackJson.event(queue.take())));
                }
            } catch (InterruptedException e) {
                if (accessLost) {
                    ctx.closeSession(ACCESS_LOST, Guard.ACCESS_LOST);
                } else {
                    ctx.closeSession(TRY_AGAIN_LATER, "too slow, or shutting down");
                }
            } catch (JsonProcessingException | RuntimeException e) {
                LOG.debug("A listener of deploys has gone", e);
            }
        }
    }

    /// What ends with a connection.
    private record Subscribed(Listener listener, DeployEvents.Subscription events, ApiKeys.Watch key) {
        void close() {
            events.close();
            key.close();
            listener.sender.interrupt();
        }
    }

    DeploySocket(DeployEvents events, ApiKeys keys) {
        this.events = events;
        this.keys = keys;
    }

    void configure(WsConfig ws) {
        ws.onConnect(this::connected);
        ws.onClose(this::gone);
        ws.onError(this::gone);
    }

    private void connected(WsContext ctx) {
        ctx.enableAutomaticPings();
        Listener listener = new Listener(ctx);
        listeners.put(ctx.sessionId(), new Subscribed(listener, events.subscribe(listener::tell),
                keys.watch(Guard.caller(ctx), listener::loseAccess)));
        // An interrupt that has come meanwhile isn't lost.
        listener.sender.start();
    }

    private void gone(WsContext ctx) {
        Subscribed listener = listeners.remove(ctx.sessionId());
        if (listener != null) {
            listener.close();
        }
    }

    /// Ends all connections.
    void close() {
        listeners.values().forEach(Subscribed::close);
    }
}
