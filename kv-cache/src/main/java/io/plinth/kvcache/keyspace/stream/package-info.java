/** What streams are made of beside their entries: ids, groups, and what these have delivered. */
@NullMarked
package io.plinth.kvcache.keyspace.stream;

import org.jspecify.annotations.NullMarked;
