package io.plinth.kvcache.session;

/**
 * What a client said with REPLCONF of the copy it is to be given. Immutable.
 *
 * @param fileOnly whether it wants no changes behind the file
 * @param keys whether it wants keys
 * @param functions whether it wants the libraries of functions
 * @param eof whether it reads a file whose length is not known
 * @param follows whether it said a port of its own, as one does that is to take the changes behind the file
 */
public record CopyTerms(boolean fileOnly, boolean keys, boolean functions, boolean eof, boolean follows) {
    /** Of a client that said nothing. */
    public static final CopyTerms NONE = new CopyTerms(false, true, true, false, false);

    public CopyTerms withFileOnly(boolean yes) {
        return new CopyTerms(yes, keys, functions, eof, follows);
    }

    public CopyTerms withParts(boolean ofKeys, boolean ofFunctions) {
        return new CopyTerms(fileOnly, ofKeys, ofFunctions, eof, follows);
    }

    public CopyTerms withEof() {
        return new CopyTerms(fileOnly, keys, functions, true, follows);
    }

    public CopyTerms following() {
        return new CopyTerms(fileOnly, keys, functions, eof, true);
    }
}
