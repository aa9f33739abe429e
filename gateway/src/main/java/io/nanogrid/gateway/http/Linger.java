package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Answers before a body has come to its end. A connection that is closed while bytes are on their way takes the answer with it before the
/// client has read it; so what still comes is read for a while, and thrown away.
final class Linger {

    private static final Logger LOG = LoggerFactory.getLogger(Linger.class);
    private static final int MOST_BYTES = 64 << 20;
    private static final long MOST_SILENCE_MS = 1000;

    private Linger() {
    }

    /// Takes what has come of the body.
    ///
    /// @return whether that was all of it
    static boolean consumed(Context ctx) {
        return ServletContextRequest.getServletContextRequest(ctx.req()).consumeAvailable();
    }

    static void answer(Context ctx, int status, String type, byte[] body) {
        ctx.status(status).contentType(type).header("Connection", "close");
        try {
            ctx.res().setContentLength(body.length);
            ctx.res().getOutputStream().write(body);
            ctx.res().flushBuffer();
            ServletContextRequest.getServletContextRequest(ctx.req()).getConnectionMetaData().getConnection()
                    .getEndPoint().setIdleTimeout(MOST_SILENCE_MS);
            drain(ctx.req().getInputStream());
        } catch (IOException | RuntimeException e) {
            LOG.debug("The client has hung up, or says nothing any more", e);
        }
    }

    private static void drain(InputStream in) throws IOException {
        byte[] buffer = new byte[64 << 10];
        int count = 0;
        for (long left = MOST_BYTES; left > 0 && count >= 0; left -= count) {
            count = in.read(buffer);
        }
    }
}
