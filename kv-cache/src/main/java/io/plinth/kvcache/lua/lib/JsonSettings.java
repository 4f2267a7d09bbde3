package io.plinth.kvcache.lua.lib;

/** Owned by one cjson module: what its setters set. */
final class JsonSettings {
    static final int OFF = 0;
    static final int ON = 1;
    static final int NULL = 2;

    boolean sparseConvert;
    int sparseRatio = 2;
    int sparseSafe = 10;
    int encodeDepth = 1000;
    int decodeDepth = 1000;
    int encodeInvalid = OFF;
    boolean decodeInvalid = true;
    boolean keepBuffer = true;
    int precision = 14;
}
