@NullMarked
package io.plinth.dbproxy.wire;

import org.jspecify.annotations.NullMarked;
