package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.WaitContainerResultCallback;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.Network;
import io.nanogrid.gateway.config.AddressRange;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.LineSink;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The bridge of instances that have network, and what they can't reach over it.
///
/// The limits are routes in the instance's own network namespace, which it has no right to change. A container that lives for a
/// moment sets them, before any code of a user runs: so neither the gateway nor the host needs a firewall for it.
/// Safe for use by many threads.
final class Networks {

    private static final Logger LOG = LoggerFactory.getLogger(Networks.class);

    private static final Duration DEADLINE = Duration.ofSeconds(20);

    private final DockerCalls docker;
    private final DockerConfig config;
    private final Containers containers;
    private final RuntimeImages images;
    private final Reaper reaper;
    private final String name;
    private final List<AddressRange> allow;

    /// Guards the creation of the bridge.
    private final ReentrantLock creating = new ReentrantLock();
    private volatile boolean used;

    Networks(DockerCalls docker, DockerConfig config, Containers containers, RuntimeImages images, Reaper reaper) {
        this.docker = docker;
        this.config = config;
        this.containers = containers;
        this.images = images;
        this.reaper = reaper;
        name = "nanogrid-" + config.gatewayId();
        allow = config.networkAllow();
    }

    /// Whether instances can have network here.
    boolean available() throws EngineException, InterruptedException {
        return images.inspect(config.networkImage()) != null;
    }

    /// The name of the bridge, which exists afterwards.
    ///
    /// @throws EngineException if the limits can't be set here: then there is no network at all
    String require() throws EngineException, InterruptedException {
        if (!available()) {
            throw new EngineException("network isn't available: the image '" + config.networkImage()
                    + "' that sets its limits doesn't exist. runtimes/base-images.sh net makes it; "
                    + "or set NETWORK_IMAGE to an image with iproute2");
        }
        creating.lockInterruptibly();
        try {
            used = true;
            docker.within(DEADLINE, "make a network", () -> {
                if (find() == null) {
                    docker.client().createNetworkCmd().withName(name).withDriver("bridge").withCheckDuplicate(true)
                            .withOptions(Map.of("com.docker.network.bridge.enable_icc", "false"))
                            .withLabels(Map.of(Labels.GATEWAY, config.gatewayId())).exec();
                }
                return null;
            });
            return name;
        } finally {
            creating.unlock();
        }
    }

    /// Limits what a running container on the bridge can reach. To be called before it runs anything that isn't ours.
    void confine(String containerId) throws EngineException, InterruptedException {
        String id = "routes-" + UUID.randomUUID();
        reaper.claim(id);
        try {
            String script = script(containerId);
            String helper = docker.within(DEADLINE, "limit the network", () -> containers
                    .networkHelper(id, config.networkImage(), containerId).withCmd("/bin/sh", "-c", script).exec()
                    .getId());
            try {
                int status = run(helper);
                if (status != 0) {
                    throw new EngineException("the network of an instance can't be limited (status " + status
                            + "): make the image '" + config.networkImage()
                            + "' anew with runtimes/base-images.sh --force net");
                }
            } finally {
                docker.surely(DEADLINE, "remove the network's helper", () -> {
                    DockerInstance.remove(docker, helper);
                    return null;
                });
            }
        } finally {
            reaper.disclaim(id);
        }
    }

    /// Removes the bridge that an earlier life has left, unless something still uses it.
    void remove() throws EngineException {
        docker.surely(DEADLINE, "remove the network", () -> {
            try {
                docker.client().removeNetworkCmd(name).exec();
            } catch (NotFoundException _) {
                // There is none.
            } catch (DockerException e) {
                LOG.atDebug().setCause(e).log("the network is in use");
            }
            return null;
        });
    }

    /// Removes the bridge if it has been used.
    void close() {
        if (!used) {
            return;
        }
        try {
            remove();
        } catch (EngineException e) {
            LOG.atDebug().setCause(e).log("the network stays for the next start");
        }
    }

    private @Nullable Network find() {
        try {
            return docker.client().inspectNetworkCmd().withNetworkId(name).exec();
        } catch (NotFoundException _) {
            return null;
        }
    }

    private int run(String helper) throws EngineException, InterruptedException {
        return docker.within(DEADLINE, "limit the network", () -> {
            var lines = new LineSink(
                    line -> LOG.atWarn().addKeyValue("output", line).log("setting an instance's routes"));
            try (var frames = new ResultCallback.Adapter<Frame>() {
                @Override
                public void onNext(Frame frame) {
                    lines.accept(frame.getPayload());
                }
            }) {
                docker.client().attachContainerCmd(helper).withStdOut(true).withStdErr(true).withFollowStream(true)
                        .exec(frames).awaitStarted();
                docker.client().startContainerCmd(helper).exec();
                frames.awaitCompletion(DEADLINE.toSeconds(), TimeUnit.SECONDS);
            }
            lines.flush();
            return docker.client().waitContainerCmd(helper).exec(new WaitContainerResultCallback()).awaitStatusCode();
        });
    }

    private String script(String containerId) throws EngineException, InterruptedException {
        Network network = docker.within(DEADLINE, "look at the network", this::find);
        InspectContainerResponse container = docker.within(DEADLINE, "look at an instance",
                () -> docker.client().inspectContainerCmd(containerId).exec());
        var attached = container.getNetworkSettings() == null
                ? null
                : container.getNetworkSettings().getNetworks().get(name);
        String gateway = attached == null ? null : attached.getGateway();
        if (network == null || network.getIpam() == null || network.getIpam().getConfig() == null || gateway == null
                || gateway.isEmpty()) {
            throw new EngineException("an instance isn't connected to its network: start it again");
        }
        String subnet = network.getIpam().getConfig().stream().map(Network.Ipam.Config::getSubnet)
                .filter(text -> text != null && text.indexOf(':') < 0).findFirst()
                .orElseThrow(() -> new EngineException("the network of instances has no IPv4 addresses"));
        return Routes.script(AddressRange.parse(subnet), gateway, ownAddresses(), nameServers(), allow);
    }

    private static Set<Inet4Address> ownAddresses() throws EngineException {
        Set<Inet4Address> own = new HashSet<>();
        try {
            for (NetworkInterface device : NetworkInterface.networkInterfaces().toList()) {
                device.inetAddresses().filter(address -> !address.isLoopbackAddress())
                        .forEach(address -> {
                            if (address instanceof Inet4Address four) {
                                own.add(four);
                            }
                        });
            }
        } catch (SocketException e) {
            throw new EngineException("the machine's own addresses can't be read, so network can't be limited", e);
        }
        return own;
    }

    /// The servers that the daemon forwards questions for names to: those of this machine.
    private static List<String> nameServers() {
        return Stream.of("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf").map(Path::of)
                .flatMap(Networks::lines)
                .filter(line -> line.matches("nameserver\\s+(\\d{1,3}\\.){3}\\d{1,3}\\s*"))
                .map(line -> line.strip().split("\\s+")[1])
                .filter(address -> !address.startsWith("127."))
                .distinct().toList();
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream();
        } catch (IOException _) {
            return Stream.empty();
        }
    }
}
