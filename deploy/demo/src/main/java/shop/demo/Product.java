package shop.demo;

/**
 * Something to buy.
 *
 * @param cents its price
 */
record Product(String id, String name, long cents) {
    String price() {
        return cents / 100 + "." + "%02d".formatted(cents % 100);
    }
}
