package io.nanogrid.db;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;

class DefinitionTest {

    @Test
    void itsTextShowsTheNamesOfItsVariablesAndNoneOfTheirValues() {
        assertThat(Drafts.definition("c0de", Map.of("TOKEN", "hunter2"))).asString().contains("env=[TOKEN]")
                .doesNotContain("hunter2");
    }

    @Test
    void itKeepsItsVariablesWhenTheCallersMapChanges() {
        var env = new HashMap<>(Map.of("A", "1"));
        Definition definition = Drafts.definition("c0de", env);

        env.put("B", "2");

        assertThat(definition.env()).isEqualTo(Map.of("A", "1"));
    }
}
