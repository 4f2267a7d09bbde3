@NullMarked
package io.plinth.dbproxy.group;

import org.jspecify.annotations.NullMarked;
