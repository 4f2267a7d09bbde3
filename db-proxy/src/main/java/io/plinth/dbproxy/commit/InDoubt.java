package io.plinth.dbproxy.commit;

/**
 * A part of a transaction that its shard has not been told the end of yet.
 *
 * @param decision {@code commit}, {@code rollback}, or {@code unknown} when the disk failed while it was written
 * @param why what stood in the way at the last try
 */
public record InDoubt(String database, String shard, String gid, String decision, String why) {}
