@NullMarked
package io.plinth.dbproxy.usage;

import org.jspecify.annotations.NullMarked;
