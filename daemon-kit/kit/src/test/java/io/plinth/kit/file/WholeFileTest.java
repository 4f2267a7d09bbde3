package io.plinth.kit.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
    @TempDir
    Path folder;

    @Test
    void aFileIsMadeAndReplaced() throws IOException {
        Path file = folder.resolve("table");
        WholeFile.replace(file, "one");
        WholeFile.replace(file, "zwölf");
        assertThat(file).hasContent("zwölf");
        assertThat(folder).isDirectoryNotContaining("glob:**.new");
    }

    @Test
    void theOldOneStandsWhereTheNewOneCannotBeWritten() throws IOException {
        Path file = folder.resolve("table");
        WholeFile.replace(file, "old");
        assertThatThrownBy(() -> WholeFile.replace(file, to -> {
                    WholeFile.write(to, "half of");
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(IOException.class);
        assertThat(file).hasContent("old");
        WholeFile.replace(file, "new");
        assertThat(file).hasContent("new");
    }

    @Test
    void whatAnEarlierAttemptLeftIsWrittenOver() throws IOException {
        Path file = folder.resolve("table");
        Files.writeString(folder.resolve("table.new"), "a long text that a killed process left");
        WholeFile.replace(file, "short");
        assertThat(file).hasContent("short");
    }
}
