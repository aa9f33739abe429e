package io.nanogrid.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

public abstract class JobRepositoryContract extends Contract {
    private static final byte[] JSON = {'1'};

    @Test
    void aJobThatDoesNotExistIsNotFound() {
        assertThat(database.jobs().find("nobody")).isEmpty();
    }

    @Test
    void whatBecameOfAJobIsFoundWithoutItsInput() throws InterruptedException {
        put(1);
        claim(1);
        database.queue().complete("j0", JSON);

        JobRecord found = database.jobs().findWithoutInput("j0").orElseThrow();

        assertThat(found.draft().input()).isEmpty();
        assertThat(found).usingRecursiveComparison().ignoringFields("draft.input")
                .isEqualTo(database.jobs().find("j0").orElseThrow());
        assertThat(found.result()).isEqualTo(JSON);
        assertThat(database.jobs().findWithoutInput("nobody")).isEmpty();
    }

    @Test
    void jobsAreListedNewestFirstPageByPage() {
        put(7);

        var listed = new ArrayList<String>();
        String cursor = null;
        do {
            Page<JobRecord> page = database.jobs().list(null, 3, cursor);
            listed.addAll(ids(page));
            cursor = page.nextCursor();
        } while (cursor != null);

        assertThat(listed).containsExactly("j6", "j5", "j4", "j3", "j2", "j1", "j0");
    }

    @Test
    void jobsAreListedByState() throws InterruptedException {
        put(4);
        claim(3);
        database.queue().complete("j0", JSON);
        database.queue().giveUp("j1", JSON, "no");

        assertThat(ids(database.jobs().list(JobState.DONE, 9, null))).containsExactly("j0");
        assertThat(ids(database.jobs().list(JobState.DEAD, 9, null))).containsExactly("j1");
        assertThat(ids(database.jobs().list(JobState.RUNNING, 9, null))).containsExactly("j2");
        assertThat(ids(database.jobs().list(JobState.PENDING, 9, null))).containsExactly("j3");
        assertThat(database.jobs().counts()).hasSize(4).allSatisfy((_, count) -> assertThat(count).isOne());
    }

    @Test
    void aListCarriesNoInputsAndResults() throws InterruptedException {
        put(1);
        claim(1);
        database.queue().giveUp("j0", JSON, "no");

        JobRecord listed = database.jobs().list(null, 1, null).items().getFirst();

        assertThat(listed.result()).isNull();
        assertThat(listed.draft().input()).isEmpty();
        assertThat(listed.reason()).isEqualTo("no");
    }

    @Test
    void aCursorOfAnotherListIsRefused() {
        IntStream.range(0, 2).forEach(i -> database.callbacks().create(Drafts.draft("p" + i)));
        String cursor = database.functions().list(1, null).nextCursor();

        assertThatIllegalArgumentException().isThrownBy(() -> database.jobs().list(null, 1, cursor));
    }

    @Test
    void whatEndedLongAgoIsDeletedHoweverMuchItIs() throws InterruptedException {
        put(252);
        for (JobRecord job : claim(251)) {
            database.queue().complete(job.draft().id(), JSON);
        }
        claim(1);
        put("pending");

        assertThat(database.jobs().deleteEndedBefore(Instant.now().minusSeconds(60))).isZero();
        assertThat(database.jobs().deleteEndedBefore(Instant.now().plusSeconds(60))).isEqualTo(251);

        assertThat(ids(database.jobs().list(null, 9, null))).containsExactly("pending", "j251");
    }

    private List<JobRecord> claim(int count) throws InterruptedException {
        var claimed = new ArrayList<JobRecord>();
        while (claimed.size() < count) {
            claimed.addAll(database.queue().claim(count - claimed.size(), Set.of(), patience()));
        }
        return claimed;
    }

    private void put(int count) {
        IntStream.range(0, count).forEach(i -> put("j" + i));
    }

    private void put(String id) {
        database.queue().put(new JobDraft(id, "f", null, "r", JSON, false, null, null), Integer.MAX_VALUE);
    }

    private static List<String> ids(Page<JobRecord> page) {
        return page.items().stream().map(job -> job.draft().id()).toList();
    }
}
