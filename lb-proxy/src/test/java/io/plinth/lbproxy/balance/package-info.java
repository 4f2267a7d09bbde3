@NullMarked
package io.plinth.lbproxy.balance;

import org.jspecify.annotations.NullMarked;
