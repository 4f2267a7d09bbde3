/** One value in the form RDB files and DUMP have it. */
@NullMarked
package io.plinth.kvcache.keyspace.rdb;

import org.jspecify.annotations.NullMarked;
