package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.NoEngine;
import io.nanogrid.gateway.plugins.TestRuntimes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RuntimeTypesTest {

    private static RuntimeTypes with(String version) throws Exception {
        return new RuntimeTypes(TestRuntimes.all(), new EngineWith(version));
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "py", "python:3", "python:3.11", "python3:3.11.7", "py:3.11"})
    void aTypeIsANameAndTheStartOfAVersion(String type) throws Exception {
        RuntimeTypes types = with("3.11.7");
        assertThat(types.find(type).id()).isEqualTo("python");
        assertThatCode(() -> types.requireVersion(type, _ -> {
        })).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"python:3.1", "python:3.12", "python:2", "python:3.11.70", "python:3.11.7.1"})
    void anotherVersionIsRefusedWithTheOneThatThereIs(String type) {
        assertThatThrownBy(() -> with("3.11.7").requireVersion(type, _ -> {
        })).isInstanceOf(InvalidDefinition.class)
                .hasMessage(type + " isn't available here: this gateway has python 3.11.7 (fake)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python:", "python:latest", "python:3..1", "python:3.", "python:>=3", "python:3:4",
            "python: 3", "python:3\u001b[31m"})
    void whatIsNoVersionIsRefusedAsSuch(String type) {
        assertThatThrownBy(() -> with("3.11.7").find(type)).isInstanceOf(InvalidDefinition.class)
                .hasMessageContaining("such as 3 or 3.12").hasMessageNotContaining("\u001b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cobol", "cobol:3", ":3", "", "PYTHON"})
    void anUnknownRuntimeIsRefusedWithThoseThatAreLoaded(String type) {
        assertThatThrownBy(() -> with("3.11.7").find(type)).isInstanceOf(InvalidDefinition.class)
                .hasMessageContaining("loaded are [node, python]");
    }

    @Test
    void anEngineThatIsDownIsTheEnginesFaultAndNotTheUsers() {
        assertThatThrownBy(() -> new RuntimeTypes(TestRuntimes.all(), new NoEngine()).requireVersion("python:3", _ -> {
        })).isInstanceOf(EngineException.class);
    }
}
