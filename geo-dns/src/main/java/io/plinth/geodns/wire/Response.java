package io.plinth.geodns.wire;

import org.jspecify.annotations.Nullable;

/**
 * Owned by one event loop: what the answerer fills and the encoder writes, used again for the next query. Either one
 * ready thing - a record set of the question's own name, a tail - or sections.
 */
public final class Response {
    private final Section answer = new Section();
    private final Section authority = new Section();
    private final Section additional = new Section();
    private ResponseCode code = ResponseCode.NOERROR;
    private @Nullable ExtendedError extended;
    private @Nullable RecordSet set;
    private @Nullable ReadyTail tail;
    private int first;
    private int some;
    private boolean authoritative;
    private int scope;
    private int zone;
    private int policy;
    private int member;
    private int alike;

    /** No zone or policy to count for. */
    public static final int NONE = -1;

    /** Forgets everything. */
    public void clear() {
        answer.clear();
        authority.clear();
        additional.clear();
        code = ResponseCode.NOERROR;
        extended = null;
        set = null;
        tail = null;
        authoritative = false;
        scope = 0;
        zone = NONE;
        policy = NONE;
        member = NONE;
        alike = 0;
    }

    /** Answers with a set whose owner is the question's name, {@code howMany} of its records from {@code from} on, around. */
    public void ready(RecordSet records, int from, int howMany) {
        set = records;
        first = from;
        some = howMany;
    }

    /** Answers with sections made for the question's name or one above it. */
    public void ready(ReadyTail sections) {
        tail = sections;
    }

    /** Takes the ready set back, as many records of it as were to be answered, to be one of several; null without one. */
    public @Nullable RecordSet takeReady() {
        RecordSet taken = set;
        tail = null;
        set = null;
        return taken == null || some == taken.count() ? taken : taken.some(first, some);
    }

    /** Puts what stood ready into its sections, for people to read. */
    public void unready(Query query, @Nullable RecordSet negative) {
        boolean negated = tail != null && authoritative;
        RecordSet taken = takeReady();
        if (taken != null) {
            answer.add(query.toName(), taken);
        } else if (negated && negative != null) {
            authority.add(negative.owner(), negative);
        }
    }

    @Nullable
    RecordSet set() {
        return set;
    }

    @Nullable
    ReadyTail tail() {
        return tail;
    }

    int first() {
        return first;
    }

    int some() {
        return some;
    }

    /** Whether it has a positive answer. */
    public boolean hasAnswer() {
        return set != null || answer.size() > 0;
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

    /** Refuses, and says why to clients that understand (RFC 8914). */
    public void code(ResponseCode next, ExtendedError why) {
        code = next;
        extended = why;
    }

    @Nullable
    ExtendedError extended() {
        return extended;
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

    /** The number of the zone that answers, or {@link #NONE}. */
    public int zone() {
        return zone;
    }

    public void zone(int number) {
        zone = number;
    }

    /** The number of the policy that answers, or {@link #NONE}. */
    public int policy() {
        return policy;
    }

    public void policy(int number) {
        policy = number;
    }

    /** The number of the policy's member that answers, or {@link #NONE}. */
    public int member() {
        return member;
    }

    public void member(int number) {
        member = number;
    }

    /** What it has in common with answers of other names: a wildcard, a delegation; 0 where it has nothing. */
    public int alike() {
        return alike;
    }

    public void alike(int hash) {
        alike = hash;
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
