@NullMarked
package io.plinth.dbproxy.rule;

import org.jspecify.annotations.NullMarked;
