package io.nanogrid.spi;

import org.pf4j.ExtensionPoint;

/// Teaches the gateway one language. What a language needs is data: see [RuntimeDescriptor].
///
/// An implementation carries PF4J's `@Extension`, has a public constructor without arguments, and is loaded once per gateway.
/// [#describe] is called once, when the plugin is loaded; what it throws disables this plugin and nothing else.
/// A plugin runs inside the gateway's process and is trusted as the gateway is; the code of functions never runs there.
public interface RuntimePlugin extends ExtensionPoint {

    /// What this runtime is and needs. Must return the same value for the life of the plugin.
    RuntimeDescriptor describe();
}
