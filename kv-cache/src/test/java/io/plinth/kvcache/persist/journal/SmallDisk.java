package io.plinth.kvcache.persist.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file system of its own in a folder, in memory, that can be filled and made larger. */
public record SmallDisk(Path folder) implements AutoCloseable {
    /** Skips the test where none can be mounted. */
    public static SmallDisk mount(Path folder, String size) throws IOException {
        Files.createDirectories(folder);
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder.toString()))
                .as("a file system of its own can be mounted")
                .isTrue();
        return new SmallDisk(folder);
    }

    /** It has so much from now on. */
    public void resize(String size) {
        assertThat(run("mount", "-o", "remount,size=" + size, folder.toString()))
                .isTrue();
    }

    /** Somebody else's file takes all there is but so many bytes. */
    public void fill(long left) throws IOException {
        try (FileChannel out =
                FileChannel.open(folder.resolve("others"), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            long more = Files.getFileStore(folder).getUsableSpace() - left;
            for (ByteBuffer zeros = ByteBuffer.allocate(4096); more > 0; zeros.clear()) {
                more -= out.write(zeros);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    /** That file goes. */
    public void clear() throws IOException {
        Files.deleteIfExists(folder.resolve("others"));
    }

    @Override
    public void close() {
        run("umount", "-l", folder.toString());
    }

    private static boolean run(String... command) {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
