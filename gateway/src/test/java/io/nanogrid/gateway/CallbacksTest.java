package io.nanogrid.gateway;

import org.junit.jupiter.api.BeforeAll;

/// What tests of deploys have in common: callbacks that return a text, and the gateway's database to break.
abstract class CallbacksTest extends GatewayTest {

    GatewaysDatabase database;

    @BeforeAll
    final void openDatabase() {
        database = new GatewaysDatabase(gateway.directory());
    }

    /// @return the callback's id
    long deployed(String path, String code) throws Exception {
        return gateway.deploy(path, "python", code).expect(200).json().path("callback_id").asLong();
    }

    static String returning(String value) {
        return "def handler(e, c): return '" + value + "'";
    }
}
