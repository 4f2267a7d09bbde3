package io.plinth.kvcache.keyspace.rdb;

import io.plinth.kvcache.keyspace.value.Value;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Owned by one caller: writes a whole file of version 10, which Redis reads from 7.0 on; a database's keys one behind the other. */
public final class RdbFileWriter {
    private static final int NO_DATABASE = -1;

    private final OutputStream out;
    private long crc;
    private int database = NO_DATABASE;

    /** Begins a file. */
    public RdbFileWriter(OutputStream out) throws IOException {
        this.out = out;
        put(String.format(Locale.ROOT, "REDIS%04d", RdbWriter.VERSION).getBytes(StandardCharsets.US_ASCII));
    }

    private void put(byte[] bytes) throws IOException {
        crc = Crc64.of(crc, bytes, bytes.length);
        out.write(bytes);
    }

    private void put(int code) throws IOException {
        crc = Crc64.of(crc, (byte) code);
        out.write(code);
    }

    private static byte[] little(long number) {
        byte[] bytes = new byte[Long.BYTES];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (number >>> (8 * i));
        }
        return bytes;
    }

    /** Something the file says of itself. */
    public void fact(String name, String value) throws IOException {
        put(RdbFile.AUXILIARY);
        put(RdbWriter.strings(name.getBytes(StandardCharsets.ISO_8859_1), value.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** A library of functions. */
    public void library(byte[] code) throws IOException {
        put(RdbFile.FUNCTION);
        put(RdbWriter.strings(code));
    }

    /** A key; {@code expireAt} in Unix milliseconds, negative for none; {@code nowMillis} says which fields of a hash are over, not all. */
    public void key(int db, byte[] key, Value value, long expireAt, long nowMillis) throws IOException {
        if (db != database) {
            database = db;
            put(RdbFile.DATABASE);
            put(db);
        }
        if (expireAt >= 0) {
            put(RdbFile.EXPIRY_MILLIS);
            put(little(expireAt));
        }
        put(RdbWriter.entry(key, value, nowMillis));
    }

    /** Ends the file with its checksum; nothing is closed. */
    public void end() throws IOException {
        put(RdbFile.END);
        out.write(little(crc));
    }
}
