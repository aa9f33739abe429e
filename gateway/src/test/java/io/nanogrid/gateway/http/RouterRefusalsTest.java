package io.nanogrid.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouterRefusalsTest {

    private static ManagementServer server;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        server = new ManagementServer(directory, Map.of());
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @Test
    void anUnknownPathIsAProblem() throws Exception {
        HttpResponse<String> response = server.get("/nowhere");

        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(response.body()).contains("\"reason\":\"not_found\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json", "text/html", "*/*"})
    void aMethodThatAPathLacksIsAProblemWithTheMethodsThatItHas(String accept) throws Exception {
        HttpResponse<String> response = server.send("PUT", "/callbacks", "", "Accept", accept);

        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("Allow").orElse("").split(", "))
                .containsExactlyInAnyOrder("GET", "POST");
        assertThat(response.body()).contains("\"reason\":\"method_not_allowed\"");
    }

    @Test
    void anOversizedBodyIsAProblem() throws Exception {
        HttpResponse<String> response = server.send("POST", "/chatroom", " ".repeat(7 << 20));

        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(response.body()).contains("\"reason\":\"body_too_large\"");
    }
}
