package io.plinth.mqbroker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** A log that passes everything on; tests override what they break. */
public class LogDecorator implements SegmentLog {
    protected final SegmentLog log;

    public LogDecorator(SegmentLog log) {
        this.log = log;
    }

    /** What a log without room throws. */
    public static IOException noRoom() {
        return new NoRoomException("test", new IOException("No space left on device"));
    }

    @Override
    public long append(ByteBuffer record) throws IOException {
        return log.append(record);
    }

    @Override
    public void reserve(int bytes) throws IOException {
        log.reserve(bytes);
    }

    @Override
    public void flush() throws IOException {
        log.flush();
    }

    @Override
    public void sync() throws IOException {
        log.sync();
    }

    @Override
    public void roll() throws IOException {
        log.roll();
    }

    @Override
    public void replay(long from, Visitor visitor) throws IOException {
        log.replay(from, visitor);
    }

    @Override
    public void scan(long from, Scan visitor) throws IOException {
        log.scan(from, visitor);
    }

    @Override
    public ByteBuffer read(long position) throws IOException {
        return log.read(position);
    }

    @Override
    public List<Segment> segments() {
        return log.segments();
    }

    @Override
    public int current() {
        return log.current();
    }

    @Override
    public void drop(int segment) throws IOException {
        log.drop(segment);
    }

    @Override
    public void close() throws IOException {
        log.close();
    }
}
