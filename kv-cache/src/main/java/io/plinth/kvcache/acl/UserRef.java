package io.plinth.kvcache.acl;

/** Shared by all loops: a user by its name, whatever it may do now; what a connection holds. */
public final class UserRef {
    private volatile AclUser user;
    private volatile boolean gone;

    UserRef(AclUser user) {
        this.user = user;
    }

    /** What it may do now. */
    public AclUser user() {
        return user;
    }

    public String name() {
        return user.name();
    }

    /** Whether there is something it may not do. */
    public boolean restricted() {
        return !user.unrestricted();
    }

    void set(AclUser next) {
        user = next;
    }

    /** Whether it was deleted. */
    public boolean gone() {
        return gone;
    }

    void delete() {
        gone = true;
    }
}
