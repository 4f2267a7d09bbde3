package io.plinth.geodns.wire;

/** Owned by one event loop: what the answerer fills and the encoder writes, used again for the next query. */
public final class Response {
    private final Section answer = new Section();
    private final Section authority = new Section();
    private final Section additional = new Section();
    private ResponseCode code = ResponseCode.NOERROR;
    private boolean authoritative;
    private int scope;

    /** Forgets everything. */
    public void clear() {
        answer.clear();
        authority.clear();
        additional.clear();
        code = ResponseCode.NOERROR;
        authoritative = false;
        scope = 0;
    }

    public Section answer() {
        return answer;
    }

    public Section authority() {
        return authority;
    }

    public Section additional() {
        return additional;
    }

    public ResponseCode code() {
        return code;
    }

    public void code(ResponseCode next) {
        code = next;
    }

    public boolean authoritative() {
        return authoritative;
    }

    public void authoritative(boolean next) {
        authoritative = next;
    }

    /** For how long a prefix of the client's subnet the answer holds (RFC 7871 section 7.2.1). */
    public int scope() {
        return scope;
    }

    /** Narrows the scope: the answer depends on that many bits of the client's address. */
    public void narrow(int prefix) {
        scope = Math.max(scope, prefix);
    }

    /** Record sets with their owners, in order. */
    public static final class Section {
        private Name[] owners = new Name[8];
        private RecordSet[] sets = new RecordSet[8];
        private int size;

        public void add(Name owner, RecordSet set) {
            if (size == sets.length) {
                owners = java.util.Arrays.copyOf(owners, size * 2);
                sets = java.util.Arrays.copyOf(sets, size * 2);
            }
            owners[size] = owner;
            sets[size++] = set;
        }

        public int size() {
            return size;
        }

        public Name owner(int index) {
            return owners[java.util.Objects.checkIndex(index, size)];
        }

        public RecordSet set(int index) {
            return sets[java.util.Objects.checkIndex(index, size)];
        }

        void clear() {
            size = 0;
        }
    }
}
