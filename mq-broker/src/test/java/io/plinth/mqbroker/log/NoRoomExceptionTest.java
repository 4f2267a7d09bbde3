package io.plinth.mqbroker.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What may be tried again, since space was wanting, and what ends a log. */
class NoRoomExceptionTest {
    @TempDir
    Path folder;

    private IOException said(IOException cause, long wanted) {
        return NoRoomException.or("segment 1", cause, folder, wanted);
    }

    @ParameterizedTest
    @ValueSource(strings = {"No space left on device", "Disk quota exceeded", "Too many open files"})
    void aWantOfSpaceIsTriedAgain(String message) {
        assertThat(said(new IOException(message), 1)).isInstanceOf(NoRoomException.class);
        assertThat(said(new IOException("not made", new FileSystemException("a", null, message)), 1))
                .isInstanceOf(NoRoomException.class);
    }

    @Test
    void whateverTheSystemSaysAFullDiskIsTriedAgain() {
        assertThat(said(new IOException("kein Platz mehr"), Long.MAX_VALUE)).isInstanceOf(NoRoomException.class);
    }

    @Test
    void aSegmentThatIsNotMadeIsMadeAnotherTimeUnlessTheDiskFails() {
        InternalError map = new InternalError("a fault occurred in an unsafe memory access operation");
        assertThat(NoRoomException.notMade("segment 1", new IOException("not made", map)))
                .isInstanceOf(NoRoomException.class);
        assertThat(NoRoomException.notMade(
                        "segment 1", new IOException("not made", new IOException("Input/output error"))))
                .isNotInstanceOf(NoRoomException.class);
    }

    @Test
    void aDiskThatFailsIsNotTakenForAFullOne() {
        assertThat(said(new IOException("Input/output error"), 1))
                .isNotInstanceOf(NoRoomException.class)
                .hasMessage("segment 1: Input/output error");
    }

    @Test
    void aSegmentWhoseFileFailsEndsTheLog() throws Exception {
        SegmentFile segment = new SegmentFile(1, folder.resolve("seg"), 4096);
        segment.begin();
        segment.close();

        assertThatThrownBy(() -> segment.reserve(8192))
                .isInstanceOf(IOException.class)
                .isNotInstanceOf(NoRoomException.class);
    }
}
