package io.nanogrid.gateway.deploy;

/// A change of what gateways hold in memory.
public sealed interface Change {

    /// Of a callback: deployed, undeployed, changed or deleted.
    record Callback(long id) implements Change {
    }

    /// Of a function: deployed, changed or deleted.
    record Function(String id) implements Change {
    }

    /// Of the keys.
    record Keys() implements Change {
    }
}
