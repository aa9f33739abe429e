package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.deploy.FunctionCatalog.Found;
import io.nanogrid.gateway.dispatch.Route;
import io.nanogrid.gateway.routes.RouteTable;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What one process changes, and another one over the same database follows.
final class FollowerTest {

    private static final Duration NEVER = Duration.ofHours(1);

    private final AtomicLong changes = new AtomicLong();
    private final AtomicInteger keysRead = new AtomicInteger();
    private Workbench bench;
    private Workbench.Process there;
    private Follower follower;

    @BeforeEach
    void start() throws Exception {
        bench = new Workbench();
        there = bench.restarted();
        follow(NEVER);
    }

    @AfterEach
    void stop() throws Exception {
        if (follower != null) {
            follower.close();
        }
        if (bench != null) {
            bench.close();
        }
    }

    private void follow(Duration beat) {
        follower = new Follower(there.deployer(), there.functionDeployer(), keysRead::incrementAndGet, changes::get,
                beat);
    }

    private void tell() {
        bench.announced.forEach(follower::changed);
        bench.announced.clear();
    }

    private static ConditionFactory soon() {
        return Awaitility.await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(10));
    }

    private static String returning(int value) {
        return "exports.handler = () => " + value;
    }

    private long deployed() throws Exception {
        long id = bench.callback("a", returning(1));
        assertThat(bench.deployer.deploy(id)).isInstanceOf(DeployOutcome.Deployed.class);
        return id;
    }

    /// Which version of the callback the other process serves.
    private OptionalInt served() {
        return there.routes().table().find("GET", "a") instanceof RouteTable.Match.Found<Route>(var route, var _)
                ? OptionalInt.of(route.version().key().version())
                : OptionalInt.empty();
    }

    private String function() throws Exception {
        FunctionOutcome made = bench.functionDeployer.create(draft("f", 1));
        return ((FunctionOutcome.Current) made).function().id();
    }

    private FunctionDraft draft(String name, int value) throws IOException {
        return new FunctionDraft(name, null,
                new Definition("node", null, bench.stored(returning(value)), null, Map.of(),
                        128, Duration.ofSeconds(60), null, false, PayloadFormat.SIMPLE, false));
    }

    private int versionThere(String id) throws Exception {
        return ((Found.Ready) there.catalog().find(id, null)).version().key().version();
    }

    @Test
    void eachDeployAndRollbackOfOneIsServedByTheOther() throws Exception {
        long id = deployed();
        tell();
        soon().until(() -> served().equals(OptionalInt.of(1)));

        bench.redefine(id, returning(2));
        bench.deployer.deploy(id);
        tell();
        soon().until(() -> served().equals(OptionalInt.of(2)));

        bench.deployer.rollback(id);
        tell();
        soon().until(() -> served().equals(OptionalInt.of(1)));
    }

    @Test
    void whatOneUndeploysOrDeletesTheOtherServesNoMore() throws Exception {
        long id = deployed();
        tell();
        soon().until(() -> served().isPresent());

        bench.deployer.undeploy(id);
        tell();
        soon().until(() -> served().isEmpty());

        bench.deployer.deploy(id);
        tell();
        soon().until(() -> served().isPresent());
        bench.deployer.delete(id);
        tell();
        soon().until(() -> served().isEmpty());
    }

    @Test
    void whatCantBeHadYetIsTriedAgainWhileTheOldVersionGoesOn() throws Exception {
        long id = deployed();
        tell();
        soon().until(() -> served().isPresent());
        bench.redefine(id, returning(2));
        bench.deployer.deploy(id);
        AtomicInteger failures = new AtomicInteger();
        bench.before.put("version", () -> {
            failures.incrementAndGet();
            throw new StorageException("gone for a moment");
        });

        tell();

        soon().until(() -> served().equals(OptionalInt.of(2)));
        assertThat(failures).hasValue(1);
    }

    @Test
    void aFunctionInMemoryGoesOverToItsNewVersionWithoutBeingReadByACall() throws Exception {
        String id = function();
        assertThat(versionThere(id)).isOne();

        bench.functionDeployer.update(id, present -> draft(present.name(), 2));
        tell();
        soon().until(() -> versionThere(id) == 2);

        int asked = bench.asked();
        assertThat(versionThere(id)).isEqualTo(2);
        assertThat(bench.asked()).isEqualTo(asked);
    }

    @Test
    void aFunctionThatWasDeletedElsewhereIsUnknownHere() throws Exception {
        String id = function();
        assertThat(versionThere(id)).isOne();

        bench.functionDeployer.delete(id);
        tell();

        soon().until(() -> there.catalog().find(id, null) instanceof Found.Unknown);
    }

    @Test
    void aNameGoesOverToTheNewestFunctionThatHasIt() throws Exception {
        function();
        assertThat(there.catalog().findByName("f", null)).isInstanceOf(Found.Ready.class);

        String second = function();
        tell();

        soon().until(() -> ((Found.Ready) there.catalog().findByName("f", null)).function().id().equals(second));
    }

    @Test
    void whatWasNeverAnnouncedIsSeenByTheCountOfChanges() throws Exception {
        follow(Duration.ofMillis(20));
        follower.start();
        soon().until(() -> keysRead.get() == 1);
        long id = deployed();
        String function = function();
        assertThat(versionThere(function)).isOne();
        bench.functionDeployer.update(function, present -> draft(present.name(), 2));

        changes.incrementAndGet();

        soon().until(() -> served().equals(OptionalInt.of(1)));
        soon().until(() -> versionThere(function) == 2);
        assertThat(keysRead).hasValue(2);

        bench.deployer.undeploy(id);
        changes.incrementAndGet();
        soon().until(() -> served().isEmpty());
    }

    @Test
    void aLookThatFailsIsMadeUpFor() throws Exception {
        bench.failing.add("liveRoutes");
        deployed();
        follow(Duration.ofMillis(20));
        follower.start();
        soon().until(() -> keysRead.get() > 2);
        assertThat(served()).isEmpty();

        bench.failing.clear();

        soon().until(() -> served().isPresent());
    }

    @Test
    void afterAnInterruptionEverythingIsLookedOverAtOnce() throws Exception {
        follower.start();
        soon().until(() -> keysRead.get() == 1);
        deployed();

        follower.mayHaveMissed();

        soon().until(() -> served().isPresent());
    }

    @Test
    void aClosedOneFollowsNothing() throws Exception {
        follower.close();
        deployed();

        tell();

        assertThat(served()).isEmpty();
    }
}
