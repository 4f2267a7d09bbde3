package io.plinth.kvcache.command;

import io.plinth.kit.config.Secret;
import io.plinth.kvcache.acl.Users;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: what CONFIG SET and a reload may change while the node runs. */
public final class Settings {
    private volatile @Nullable String password;
    private volatile String policy;
    private volatile boolean protectedMode;
    private volatile boolean readOnly;
    private volatile boolean loading;
    private volatile long timeoutSeconds;
    private volatile String debugCommand = "no";
    private volatile String replicationId = "0".repeat(40);
    private volatile String primaryUser = "";
    private volatile String primaryPassword = "";
    private volatile CachePolicy cachePolicy = CachePolicy.NONE;

    private final KeyEvents events;

    private final Users users;

    /** {@code password} is that of the default user. */
    public Settings(@Nullable String password, String policy, KeyEvents events, Users users) {
        this.users = users;
        this.events = events;
        this.password = password;
        this.policy = policy;
    }

    /** Which keyspace events are published. */
    public KeyEvents events() {
        return events;
    }

    /** Who may do what. */
    public Users users() {
        return users;
    }

    /** The default user's password as the file has it, which the other nodes expect; null for none. */
    public @Nullable String password() {
        return password;
    }

    public void password(@Nullable String secret) {
        if (!Objects.equals(password, secret)) {
            users.password(secret);
        }
        password = secret;
    }

    /** Whether only the own machine is let in while there is no password. */
    public boolean protectedMode() {
        return protectedMode;
    }

    public void protectedMode(boolean yes) {
        protectedMode = yes;
    }

    /** Whether the node follows another and takes writes from that one alone. */
    public boolean readOnly() {
        return readOnly;
    }

    public void readOnly(boolean yes) {
        readOnly = yes;
    }

    /** Whether the node has only a part of what the one it follows has. */
    public boolean loading() {
        return loading;
    }

    public void loading(boolean yes) {
        loading = yes;
    }

    /** What the file says of the Redis it follows; null where it says nothing. */
    public void primary(@Nullable String user, @Nullable Secret password) {
        primaryUser = user == null ? "" : user;
        primaryPassword = password == null ? "" : password.reveal();
    }

    /** Whom this node is for the Redis it follows; empty for the default user. */
    public String primaryUser() {
        return primaryUser;
    }

    public void primaryUser(String name) {
        primaryUser = name;
    }

    /** What that Redis expects with AUTH; empty for nothing. */
    public String primaryPassword() {
        return primaryPassword;
    }

    public void primaryPassword(String secret) {
        primaryPassword = secret;
    }

    /** How keys are cached, by what they begin with. */
    public CachePolicy cachePolicy() {
        return cachePolicy;
    }

    public void cachePolicy(CachePolicy policy) {
        cachePolicy = policy;
    }

    /** After how many seconds a client that says nothing is disconnected; 0 for never. */
    public long timeoutSeconds() {
        return timeoutSeconds;
    }

    public void timeoutSeconds(long seconds) {
        timeoutSeconds = seconds;
    }

    /** Who may use DEBUG: {@code no} for nobody, {@code local} for clients of this machine, {@code yes} for all. */
    public String debugCommand() {
        return debugCommand;
    }

    public void debugCommand(String who) {
        debugCommand = who;
    }

    /** The name of this history of changes: 40 hexadecimal digits. */
    public String replicationId() {
        return replicationId;
    }

    public void replicationId(String id) {
        replicationId = id;
    }

    /** The eviction policy by the name it was given. */
    public String policy() {
        return policy;
    }

    public void policy(String name) {
        policy = name;
    }
}
