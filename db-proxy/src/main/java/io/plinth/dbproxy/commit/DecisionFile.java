package io.plinth.dbproxy.commit;

import io.plinth.kit.file.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** The decision log's file. Owned by the log's writer. */
final class DecisionFile implements DecisionStore {
    private final Path file;
    private @Nullable FileChannel open;

    DecisionFile(Path file) {
        this.file = file;
    }

    @Override
    public ByteBuffer read() throws IOException {
        return ByteBuffer.wrap(Files.exists(file) ? Files.readAllBytes(file) : new byte[0]);
    }

    private FileChannel channel() throws IOException {
        FileChannel channel = open;
        if (channel == null) {
            channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
            open = channel;
        }
        return channel;
    }

    @Override
    public void append(ByteBuffer bytes) throws IOException {
        FileChannel channel = channel();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void sync() throws IOException {
        channel().force(false);
    }

    @Override
    public void replace(ByteBuffer contents) throws IOException {
        close();
        WholeFile.replace(file, to -> {
            while (contents.hasRemaining()) {
                to.write(contents);
            }
        });
    }

    @Override
    public void close() throws IOException {
        FileChannel channel = open;
        open = null;
        if (channel != null) {
            channel.close();
        }
    }
}
