package io.nanogrid.gateway.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InterpreterVersionTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"Python 3.11.2|3.11.2", "v20.19.2|20.19.2", "Python 3.13.0rc1|3.13.0rc1",
            "ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]|3.1.2p20",
            "This is perl 5, version 36, subversion 0 (v5.36.0)|5.36.0", "PHP 8.2.1 (cli)|8.2.1",
            "Python 3.9.18 :: Anaconda, Inc.|3.9.18", "1.2.3.4|1.2.3.4", "strange tool|strange tool"})
    void theVersionIsReadOutOfWhatTheInterpreterSays(String said, String version) {
        assertThat(InterpreterVersion.read(said).text()).isEqualTo(version);
    }

    @ParameterizedTest
    @CsvSource({"3.11.7,3,true", "3.11.7,3.11,true", "3.11.7,3.11.7,true", "3.11.7,3.1,false", "3.11.7,3.11.70,false",
            "3.11.7,11,false", "20.19.2,2,false", "20.19.2,20,true", "3.13.0rc1,3.13,true", "3.13.0rc1,3.13.0,false"})
    void aVersionSatisfiesItsOwnBeginnings(String version, String wanted, boolean satisfied) {
        assertThat(new InterpreterVersion(version).satisfies(wanted)).isEqualTo(satisfied);
    }
}
