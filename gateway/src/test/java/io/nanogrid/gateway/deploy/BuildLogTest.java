package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BuildLogTest {

    private final DeployEvents events = new DeployEvents();
    private final List<DeployEvent> published = new ArrayList<>();
    private final BuildLog log = new BuildLog(events, 1001);

    @Test
    void aLineIsKeptAndPublished() {
        events.subscribe(published::add);

        log.text("one\ntwo");

        assertThat(log.lines()).containsExactly("one", "two");
        assertThat(published).containsExactly(new DeployEvent(DeployEvent.Type.LOG, 1001, "build", "one"),
                new DeployEvent(DeployEvent.Type.LOG, 1001, "build", "two"));
    }

    @Test
    void aLongLogIsCutWhichItSaysOnce() {
        events.subscribe(published::add);

        for (int i = 0; i < BuildLog.MAX_LINES + 100; i++) {
            log.line("line " + i);
        }

        assertThat(log.lines()).hasSize(BuildLog.MAX_LINES + 1).endsWith("line " + (BuildLog.MAX_LINES - 1),
                BuildLog.CUT);
        assertThat(published).hasSize(BuildLog.MAX_LINES + 1);
    }

    @Test
    void howItEndedIsPublishedAfterTheCutToo() {
        for (int i = 0; i < BuildLog.MAX_LINES + 100; i++) {
            log.line("line");
        }
        events.subscribe(published::add);

        log.status("deployed", "live");
        log.error("failed", "no");

        assertThat(published).extracting(DeployEvent::message).containsExactly("live", "no");
    }
}
