package io.nanogrid.gateway;

import io.nanogrid.gateway.TestGateway.Answer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;

/// A multipart form, as a browser or `curl -F` sends it.
final class Form {

    private static final String BOUNDARY = "x-1234567890-x";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Form with(String name, String text) throws IOException {
        return part("name=\"" + name + "\"", text.getBytes(StandardCharsets.UTF_8));
    }

    Form file(String fileName, String text) throws IOException {
        return file(fileName, text.getBytes(StandardCharsets.UTF_8));
    }

    Form file(String fileName, byte[] content) throws IOException {
        return part("name=\"file\"; filename=\"" + fileName + "\"\r\nContent-Type: application/octet-stream", content);
    }

    /// @param disposition the parameters of its head, further headers included
    Form part(String disposition, byte[] content) throws IOException {
        bytes.write(("--" + BOUNDARY + "\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8));
        bytes.write(content);
        bytes.write("\r\n".getBytes(StandardCharsets.UTF_8));
        return this;
    }

    Answer post(TestGateway gateway) throws IOException, InterruptedException {
        return send(gateway, "POST", "/functions");
    }

    Answer send(TestGateway gateway, String method, String path) throws IOException, InterruptedException {
        String body = bytes.toString(StandardCharsets.ISO_8859_1) + "--" + BOUNDARY + "--\r\n";
        return gateway.send(gateway.request(path).header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
                .method(method, BodyPublishers.ofByteArray(body.getBytes(StandardCharsets.ISO_8859_1))));
    }
}
