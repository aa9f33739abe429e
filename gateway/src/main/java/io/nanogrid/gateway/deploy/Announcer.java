package io.nanogrid.gateway.deploy;

/// Tells the other gateways what this one has changed.
public interface Announcer {

    /// To be called once the change is stored. That it reaches everyone isn't certain: each gateway looks for what it has missed.
    void announce(Change change);
}
