package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.HostPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Says what to do when bubblewrap can't make a sandbox. The messages name no path that a user chose.
final class Advice {

    static final String NO_BUBBLEWRAP = "bubblewrap isn't installed: apt-get install bubblewrap (or dnf install bubblewrap)";

    private Advice() {
    }

    /// @param end how launcher or bubblewrap ended, such as `it ended with status 1`
    /// @param said what they printed
    static String onFailure(String end, String said) {
        if (said.contains("setpriv") && said.contains("not found")) {
            return "setpriv isn't installed: apt-get install util-linux";
        }
        if (said.contains("network helper")) {
            return "the helper for the sandbox's network (pasta) didn't connect it in time: the machine may be too busy";
        }
        if (said.contains("namespace") || said.contains("uid map") || said.contains("Operation not permitted")
                || said.contains("No space left on device")) {
            return "the kernel refuses user namespaces, so the sandbox can't confine anything; " + namespaces();
        }
        if (said.contains("seccomp") || said.contains("prctl")) {
            return "the kernel refuses the seccomp filter: it needs CONFIG_SECCOMP_FILTER";
        }
        return "bubblewrap couldn't make the sandbox: " + end
                + (said.isEmpty() ? " and said nothing" : " and said: " + HostPaths.hide(said));
    }

    private static String namespaces() {
        if (is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")) {
            return "run: sysctl kernel.apparmor_restrict_unprivileged_userns=0";
        }
        if (is("/proc/sys/kernel/unprivileged_userns_clone", "0")) {
            return "run: sysctl kernel.unprivileged_userns_clone=1";
        }
        if (is("/proc/sys/user/max_user_namespaces", "0")) {
            return "run: sysctl user.max_user_namespaces=15000";
        }
        return "if the gateway runs in a container, start that with --security-opt seccomp=unconfined"
                + " --security-opt apparmor=unconfined --security-opt systempaths=unconfined";
    }

    private static boolean is(String setting, String value) {
        try {
            return Files.readString(Path.of(setting)).strip().equals(value);
        } catch (IOException e) {
            return false;
        }
    }
}
