package io.plinth.kvcache.keyspace.rdb;

import io.plinth.kvcache.keyspace.value.Value;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Owned by one caller: writes a whole file of version 10, which Redis reads from 7.0 on. Nothing of it is kept but what its buffer has.
 * Every method throws {@link UncheckedIOException} where the file takes no more.
 */
public final class RdbFileWriter implements RdbOutput {
    private static final int BUFFER = 128 << 10;
    private static final int NO_DATABASE = -1;
    /** Behind a value of DUMP: version and checksum. */
    private static final int FOOTER = 10;

    private final OutputStream file;
    private final byte[] buffer = new byte[BUFFER];
    private final RdbWriter values;
    private int used;
    private long crc;
    private int database = NO_DATABASE;

    /** Begins a file; {@code nowMillis} says which fields of hashes are over. */
    public RdbFileWriter(OutputStream file, long nowMillis) {
        this.file = file;
        this.values = RdbWriter.ofVersion10(this, nowMillis);
        byte[] head = String.format(Locale.ROOT, "REDIS%04d", RdbWriter.VERSION).getBytes(StandardCharsets.US_ASCII);
        write(head, 0, head.length);
    }

    private void flush() {
        crc = Crc64.of(crc, buffer, 0, used);
        try {
            file.write(buffer, 0, used);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        used = 0;
    }

    @Override
    public void write(int oneByte) {
        if (used == BUFFER) {
            flush();
        }
        buffer[used++] = (byte) oneByte;
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        for (int done = 0; done < length; ) {
            if (used == BUFFER) {
                flush();
            }
            int some = Math.min(BUFFER - used, length - done);
            System.arraycopy(bytes, from + done, buffer, used, some);
            used += some;
            done += some;
        }
    }

    private void little(long number) {
        for (int i = 0; i < Long.BYTES; i++) {
            write((int) (number >>> (8 * i)));
        }
    }

    /** Something the file says of itself. */
    public void fact(String name, String value) {
        write(RdbFile.AUXILIARY);
        values.string(name.getBytes(StandardCharsets.ISO_8859_1));
        values.string(value.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** A library of functions. */
    public void library(byte[] code) {
        write(RdbFile.FUNCTION);
        values.string(code);
    }

    /** Begins a key, whose value's parts the caller writes next; {@code expireAt} in Unix milliseconds, negative for none. */
    public RdbWriter key(int db, byte[] key, long expireAt, int type) {
        if (db != database) {
            database = db;
            write(RdbFile.DATABASE);
            values.length(db);
        }
        if (expireAt >= 0) {
            write(RdbFile.EXPIRY_MILLIS);
            little(expireAt);
        }
        write(type);
        values.string(key);
        return values;
    }

    /** A key; not all fields of a hash are over. */
    public void key(int db, byte[] key, long expireAt, Value value) {
        key(db, key, expireAt, values.type(value)).body(value);
    }

    /** A key whose value is as DUMP has it, which {@link #understands} what it says. */
    public void dumped(int db, byte[] key, long expireAt, ByteBuffer payload) {
        int type = payload.get();
        payload.limit(payload.limit() - FOOTER);
        key(db, key, expireAt, type).raw(payload);
    }

    /** Whether files of this version have values as this payload of DUMP has one. */
    public static boolean understands(ByteBuffer payload) {
        return payload.get(payload.position()) != RdbWriter.HASH_METADATA;
    }

    /** Ends the file with its checksum; nothing is closed. */
    public void end() {
        write(RdbFile.END);
        flush();
        little(crc);
        flush();
    }
}
