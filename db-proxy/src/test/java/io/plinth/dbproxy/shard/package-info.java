@NullMarked
package io.plinth.dbproxy.shard;

import org.jspecify.annotations.NullMarked;
